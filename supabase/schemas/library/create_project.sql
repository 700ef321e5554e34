-- Creates a project. Returns nulls if the owner already has p_max_projects; null is no limit. Raises 23505 if p_project_id is
-- taken.
create function public.editai_create_project(
  p_owner_id uuid,
  p_name text,
  p_project_id text default null,
  p_max_projects integer default null
) returns public.editai_projects
language plpgsql volatile security invoker set search_path = '' set lock_timeout = '2s' set statement_timeout = '2.3s' as $$
declare
  v_project public.editai_projects;
begin
  if p_max_projects is not null then
    perform public.editai_lock_owner(p_owner_id);
    if p_max_projects <= (
      select count(*)
      from (select from public.editai_projects p where p.owner_id = p_owner_id limit p_max_projects) own
    ) then
      return null;
    end if;
  end if;
  insert into public.editai_projects (id, owner_id, name)
  values (coalesce(p_project_id, pg_catalog.gen_random_uuid()::text), p_owner_id, p_name)
  returning * into v_project;
  return v_project;
end
$$;
