-- Tells whether a row refers to a stored file: a source's, or the video or picture of a clip or export. The library asks
-- before it serves a file of a local directory, so that a URL ends with its row, not with the file, which cleanup removes.
-- The path of an output names its job, so few rows are read, by an index.
create function public.editai_has_file(p_path text) returns boolean
language sql stable security invoker set search_path = '' set statement_timeout = '2.3s' as $$
  with job as (
    select case
      when p_path ~ '^[^/]+/jobs/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/' then split_part(p_path, '/', 3)::uuid
    end as id
  )
  select exists (select 1 from public.editai_sources s where s.storage_path collate "C" = p_path)
    or exists (
      select 1 from public.editai_clips c, job where c.job_id = job.id and p_path in (c.storage_path, c.thumbnail_path)
    )
    or exists (
      select 1 from public.editai_exports e, job where e.job_id = job.id and p_path in (e.storage_path, e.thumbnail_path)
    )
$$;
