-- Records a source that will be uploaded straight to storage. Returns no row if there is no such project of the owner.
-- Locks the project's row, so it waits for a concurrent deletion of the project: a source that was added during the
-- deletion would disappear without its file becoming garbage.
create function public.editai_create_source(
  p_project_id text,
  p_owner_id uuid,
  p_source_id uuid,
  p_file_name text,
  p_storage_path text,
  p_content_type text
) returns setof public.editai_sources
language sql volatile security invoker set search_path = '' set lock_timeout = '2s' set statement_timeout = '8s' as $$
  insert into public.editai_sources (id, project_id, file_name, storage_path, content_type)
  select p_source_id, p.id, p_file_name, p_storage_path, p_content_type
  from public.editai_projects p
  where p.id = p_project_id and (p_owner_id is null or p.owner_id = p_owner_id)
  for no key update of p
  returning *
$$;
