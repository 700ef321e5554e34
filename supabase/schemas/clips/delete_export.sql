-- Deletes an export; its files become garbage. No job reads an export, so a job that holds the project does not matter.
-- Outcomes: deleted; export_not_found.
create function public.editai_delete_export(p_export_id uuid, p_owner_id uuid) returns text
language plpgsql volatile security invoker set search_path = '' set lock_timeout = '2s' set statement_timeout = '2.3s' as $$
declare
  v_export public.editai_exports;
begin
  delete from public.editai_exports e using public.editai_projects p
  where e.id = p_export_id and p.id = e.project_id and (p_owner_id is null or p.owner_id = p_owner_id)
  returning e.* into v_export;
  if not found then
    return 'export_not_found';
  end if;
  insert into public.editai_storage_garbage (project_id, prefix, not_before)
  select v_export.project_id, file.path, public.editai_clock()
  from (values (v_export.storage_path), (v_export.thumbnail_path)) file (path);
  return 'deleted';
end
$$;
