-- Returns when to remove the files of an ended job: at p_at, and again one hour after the job's deadline.
-- The second time is needed because a suspended worker may wake up, store a file and die before it can discard it;
-- after the deadline no attempt can be running. Called by end_job and delete_project.
create function public.editai_job_removal_times(p_job public.editai_jobs, p_at timestamptz) returns setof timestamptz
language sql immutable security invoker set search_path = '' as $$
  select p_at
  union all
  select p_job.deadline_at + interval '1 hour' where p_job.deadline_at + interval '1 hour' > p_at
$$;
