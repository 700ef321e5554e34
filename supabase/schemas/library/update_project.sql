-- Renames a project. Returns no row if there is no such project of the owner.
create function public.editai_update_project(p_project_id text, p_owner_id uuid, p_name text)
returns setof public.editai_projects
language sql volatile security invoker set search_path = '' set lock_timeout = '2s' set statement_timeout = '2.3s' as $$
  update public.editai_projects p set name = p_name, updated_at = public.editai_clock()
  where p.id = p_project_id and (p_owner_id is null or p.owner_id = p_owner_id)
  returning p.*
$$;
