-- Records a source that will be uploaded straight to storage. Returns no row if there is no such project of the owner, or if
-- p_max_pending_sources of the projects of its owner are still waiting for their upload; null is no limit.
-- Locks the project's row, so it waits for a concurrent deletion of the project: a source that was added during the
-- deletion would disappear without its file becoming garbage.
create function public.editai_create_source(
  p_project_id text,
  p_owner_id uuid,
  p_source_id uuid,
  p_file_name text,
  p_storage_path text,
  p_content_type text,
  p_max_pending_sources integer default null
) returns setof public.editai_sources
language plpgsql volatile security invoker set search_path = '' set lock_timeout = '2s' set statement_timeout = '2.3s'
set plan_cache_mode = force_custom_plan as $$
declare
  v_owner_id uuid;
begin
  select p.owner_id into v_owner_id from public.editai_projects p
  where p.id = p_project_id and (p_owner_id is null or p.owner_id = p_owner_id)
  for no key update;
  if not found then
    return;
  end if;
  if p_max_pending_sources is not null then
    perform public.editai_lock_owner(v_owner_id);
    if p_max_pending_sources <= (
      select count(*)
      from public.editai_projects p
      join public.editai_sources s on s.project_id = p.id and s.status = 'pending'
      where p.owner_id = v_owner_id
    ) then
      return;
    end if;
  end if;
  return query
  insert into public.editai_sources (id, project_id, file_name, storage_path, content_type)
  values (p_source_id, p_project_id, p_file_name, p_storage_path, p_content_type)
  returning *;
end
$$;
