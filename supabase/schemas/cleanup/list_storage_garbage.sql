-- Lists garbage that may be removed from storage now: at most p_limit prefixes after the row p_after_id, each with the
-- paths below it that rows still point at. A prefix without a slash at its end is a single file. Called by the function
-- lease_cleanup. No new row can point below a prefix that is due: its job has ended, or its source, clip, export or
-- project is deleted.
-- A prefix almost always lies in the folder of one job, or is the path of one source. Then the job's rows, or a range of
-- the index of paths, are all that is read, however large the project is.
create function public.editai_list_storage_garbage(p_limit integer, p_after_id bigint default 0)
returns table (id bigint, prefix text, keep_paths text[])
language plpgsql volatile security invoker set search_path = '' set statement_timeout = '29s'
set plan_cache_mode = force_custom_plan as $$
declare
  v_now timestamptz := public.editai_clock();
begin
  return query
  select g.id, g.prefix, array(
    select s.storage_path from public.editai_sources s
    where s.storage_path collate "C" >= g.prefix and s.storage_path collate "C" < g.prefix || chr(1114111)
    union all
    select kept.path
    from (
      select c.storage_path, c.thumbnail_path from public.editai_clips c where c.job_id = folder.job_id
      union all
      select e.storage_path, e.thumbnail_path from public.editai_exports e where e.job_id = folder.job_id
      union all
      select c.storage_path, c.thumbnail_path from public.editai_clips c
      where folder.job_id is null and c.project_id = g.project_id
      union all
      select e.storage_path, e.thumbnail_path from public.editai_exports e
      where folder.job_id is null and e.project_id = g.project_id
    ) files, lateral (values (files.storage_path), (files.thumbnail_path)) kept (path)
    where starts_with(kept.path, g.prefix)
  )
  from public.editai_storage_garbage g,
    -- The job in whose folder the prefix lies. One in the folder of sources lies in that of no job: the zero id stands for
    -- it. Null: any other prefix, below which the files of several jobs may lie.
    lateral (select case
      when g.prefix ~ '^[^/]+/jobs/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/' then split_part(g.prefix, '/', 3)::uuid
      when split_part(g.prefix, '/', 2) = 'sources' then '00000000-0000-0000-0000-000000000000'::uuid
    end) folder (job_id)
  where g.id > p_after_id and g.not_before <= v_now
  order by g.id
  limit p_limit;
end
$$;
