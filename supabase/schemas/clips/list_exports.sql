-- Returns one page of the exports of one clip, newest first.
-- A page starts after the last row of the page before, given by its row_number, created_at and id. Without
-- p_after_row_number, as in cursors from before it existed, the number is that of the row p_after_id.
create function public.editai_list_exports(
  p_clip_id uuid,
  p_owner_id uuid,
  p_limit integer,
  p_after_created_at timestamptz default null,
  p_after_id uuid default null,
  p_after_row_number bigint default null
) returns setof public.editai_exports
language sql stable security invoker set search_path = '' set statement_timeout = '2.3s' as $$
  select e.* from public.editai_exports e join public.editai_projects p on p.id = e.project_id
  where e.clip_id = p_clip_id and (p_owner_id is null or p.owner_id = p_owner_id)
    and (p_after_created_at is null or (e.row_number, e.created_at, e.id) < (
      coalesce(p_after_row_number, (select x.row_number from public.editai_exports x where x.id = p_after_id), 0),
      p_after_created_at, p_after_id))
  order by e.row_number desc, e.created_at desc, e.id desc
  limit p_limit
$$;
