-- Returns one page of an owner's projects, newest first.
-- A page starts after the last row of the page before, given by its row_number, created_at and id. Without
-- p_after_row_number, as in cursors from before it existed, the number is that of the row p_after_id.
-- Like the other lists it is in plpgsql, which plans for the actual arguments: a filter that is null costs nothing.
create function public.editai_list_projects(
  p_owner_id uuid,
  p_limit integer,
  p_after_created_at timestamptz default null,
  p_after_id text default null,
  p_after_row_number bigint default null
) returns setof public.editai_projects
language plpgsql stable security invoker set search_path = '' set statement_timeout = '2.3s' as $$
declare
  v_after_row_number bigint := coalesce(
    p_after_row_number, (select x.row_number from public.editai_projects x where x.id = p_after_id), 0);
begin
  return query
  select p.* from public.editai_projects p
  where (p_owner_id is null or p.owner_id = p_owner_id)
    and (p_after_created_at is null
      or (p.row_number, p.created_at, p.id) < (v_after_row_number, p_after_created_at, p_after_id))
  order by p.row_number desc, p.created_at desc, p.id desc
  limit p_limit;
end
$$;
