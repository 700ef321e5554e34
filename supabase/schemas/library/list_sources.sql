-- Returns one page of the sources of one project, newest first.
create function public.editai_list_sources(
  p_project_id text,
  p_owner_id uuid,
  p_limit integer,
  p_after_created_at timestamptz default null,
  p_after_id uuid default null
) returns setof public.editai_sources
language plpgsql stable security invoker set search_path = '' set statement_timeout = '8s' as $$
begin
  return query
  select s.* from public.editai_sources s join public.editai_projects p on p.id = s.project_id
  where s.project_id = p_project_id and (p_owner_id is null or p.owner_id = p_owner_id)
    and (p_after_created_at is null or (s.created_at, s.id) < (p_after_created_at, p_after_id))
  order by s.created_at desc, s.id desc
  limit p_limit;
end
$$;
