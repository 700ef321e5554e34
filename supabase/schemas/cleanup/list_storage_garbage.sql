-- Lists garbage that may be removed from storage now: at most p_limit prefixes after the row p_after_id, each with the
-- paths below it that rows still point at. A prefix without a slash at its end is a single file. Called by the function
-- lease_cleanup. No new row can point below a prefix that is due: its job has ended, or its source or project is
-- deleted.
create function public.editai_list_storage_garbage(p_limit integer, p_after_id bigint default 0)
returns table (id bigint, prefix text, keep_paths text[])
language sql volatile security invoker set search_path = '' set statement_timeout = '30s' as $$
  select g.id, g.prefix, array(
    select kept.path
    from (
      select s.storage_path from public.editai_sources s where s.project_id = g.project_id
      union all select c.storage_path from public.editai_clips c where c.project_id = g.project_id
      union all select c.thumbnail_path from public.editai_clips c where c.project_id = g.project_id
      union all select e.storage_path from public.editai_exports e where e.project_id = g.project_id
      union all select e.thumbnail_path from public.editai_exports e where e.project_id = g.project_id
    ) kept (path)
    where starts_with(kept.path, g.prefix)
  )
  from public.editai_storage_garbage g
  where g.id > p_after_id and g.not_before <= public.editai_clock()
  order by g.id
  limit p_limit
$$;
