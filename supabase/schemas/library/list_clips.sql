-- Returns one page of an owner's clips, newest first: of one project, of all projects (p_project_id is null), or only
-- the clip p_clip_id.
create function public.editai_list_clips(
  p_owner_id uuid,
  p_limit integer,
  p_project_id text default null,
  p_clip_id uuid default null,
  p_after_created_at timestamptz default null,
  p_after_id uuid default null
) returns setof public.editai_clips
language plpgsql stable security invoker set search_path = '' set statement_timeout = '8s' as $$
begin
  return query
  select c.* from public.editai_clips c join public.editai_projects p on p.id = c.project_id
  where (p_owner_id is null or p.owner_id = p_owner_id)
    and (p_project_id is null or c.project_id = p_project_id)
    and (p_clip_id is null or c.id = p_clip_id)
    and (p_after_created_at is null or (c.created_at, c.id) < (p_after_created_at, p_after_id))
  order by c.created_at desc, c.id desc
  limit p_limit;
end
$$;
