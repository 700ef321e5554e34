-- Returns one page of the sources of one project, newest first.
-- A page starts after the last row of the page before, given by its row_number, created_at and id. Without
-- p_after_row_number, as in cursors from before it existed, the number is that of the row p_after_id.
create function public.editai_list_sources(
  p_project_id text,
  p_owner_id uuid,
  p_limit integer,
  p_after_created_at timestamptz default null,
  p_after_id uuid default null,
  p_after_row_number bigint default null
) returns setof public.editai_sources
language plpgsql stable security invoker set search_path = '' set statement_timeout = '2.3s' as $$
declare
  v_after_row_number bigint := coalesce(
    p_after_row_number, (select x.row_number from public.editai_sources x where x.id = p_after_id), 0);
begin
  return query
  select s.* from public.editai_sources s join public.editai_projects p on p.id = s.project_id
  where s.project_id = p_project_id and (p_owner_id is null or p.owner_id = p_owner_id)
    and (p_after_created_at is null
      or (s.row_number, s.created_at, s.id) < (v_after_row_number, p_after_created_at, p_after_id))
  order by s.row_number desc, s.created_at desc, s.id desc
  limit p_limit;
end
$$;
