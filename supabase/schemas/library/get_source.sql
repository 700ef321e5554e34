-- Returns one source, or no row if there is no such source of the owner.
create function public.editai_get_source(p_source_id uuid, p_owner_id uuid) returns setof public.editai_sources
language sql stable security invoker set search_path = '' set statement_timeout = '2.3s' as $$
  select s.* from public.editai_sources s join public.editai_projects p on p.id = s.project_id
  where s.id = p_source_id and (p_owner_id is null or p.owner_id = p_owner_id)
$$;
