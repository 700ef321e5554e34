-- Renamed to editai_job_removal_times. See the README for when to delete it.
create function public.editai_job_removals(p_job public.editai_jobs, p_at timestamptz) returns setof timestamptz
language sql immutable security invoker set search_path = '' as $$
  select p_at
  union all
  select p_job.deadline_at + interval '1 hour' where p_job.deadline_at + interval '1 hour' > p_at
$$;
