-- Creates a project. Raises 23505 if p_project_id is taken.
create function public.editai_create_project(p_owner_id uuid, p_name text, p_project_id text default null)
returns public.editai_projects
language sql volatile security invoker set search_path = '' set lock_timeout = '2s' set statement_timeout = '8s' as $$
  insert into public.editai_projects (id, owner_id, name)
  values (coalesce(p_project_id, pg_catalog.gen_random_uuid()::text), p_owner_id, p_name)
  returning *
$$;
