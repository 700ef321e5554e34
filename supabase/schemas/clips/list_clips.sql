-- Returns one page of an owner's clips, newest first: of one project, of all projects (p_project_id is null), or only
-- the clip p_clip_id.
-- A page starts after the last row of the page before, given by its row_number, created_at and id. Without
-- p_after_row_number, as in cursors from before it existed, the number is that of the row p_after_id.
-- The list of a project is read in the order of an index. That of an owner takes the newest clips of each of the owner's
-- projects, so the clips of others cost it nothing.
create function public.editai_list_clips(
  p_owner_id uuid,
  p_limit integer,
  p_project_id text default null,
  p_clip_id uuid default null,
  p_after_created_at timestamptz default null,
  p_after_id uuid default null,
  p_after_row_number bigint default null
) returns setof public.editai_clips
language plpgsql stable security invoker set search_path = '' set statement_timeout = '2.3s'
set plan_cache_mode = force_custom_plan as $$
declare
  v_after_row_number bigint := coalesce(
    p_after_row_number, (select x.row_number from public.editai_clips x where x.id = p_after_id), 0);
begin
  if p_owner_id is not null and p_project_id is null and p_clip_id is null then
    return query
    select c.*
    from public.editai_projects p, lateral (
      select x.* from public.editai_clips x
      where x.project_id = p.id
        and (p_after_created_at is null
          or (x.row_number, x.created_at, x.id) < (v_after_row_number, p_after_created_at, p_after_id))
      order by x.row_number desc, x.created_at desc, x.id desc
      limit p_limit
    ) c
    where p.owner_id = p_owner_id
    order by c.row_number desc, c.created_at desc, c.id desc
    limit p_limit;
    return;
  end if;
  return query
  select c.* from public.editai_clips c join public.editai_projects p on p.id = c.project_id
  where (p_owner_id is null or p.owner_id = p_owner_id)
    and (p_project_id is null or c.project_id = p_project_id)
    and (p_clip_id is null or c.id = p_clip_id)
    and (p_after_created_at is null
      or (c.row_number, c.created_at, c.id) < (v_after_row_number, p_after_created_at, p_after_id))
  order by c.row_number desc, c.created_at desc, c.id desc
  limit p_limit;
end
$$;
