-- Returns one page of the exports of one clip, newest first.
create function public.editai_list_exports(
  p_clip_id uuid,
  p_owner_id uuid,
  p_limit integer,
  p_after_created_at timestamptz default null,
  p_after_id uuid default null
) returns setof public.editai_exports
language sql stable security invoker set search_path = '' set statement_timeout = '8s' as $$
  select e.* from public.editai_exports e join public.editai_projects p on p.id = e.project_id
  where e.clip_id = p_clip_id and (p_owner_id is null or p.owner_id = p_owner_id)
    and (p_after_created_at is null or (e.created_at, e.id) < (p_after_created_at, p_after_id))
  order by e.created_at desc, e.id desc
  limit p_limit
$$;
