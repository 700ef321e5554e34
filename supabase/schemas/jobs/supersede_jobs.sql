-- Ends a project's active jobs as failed (superseded), because another caller has taken the project over: the lease of a
-- running job had expired, or a queued job was past its deadline.
-- Called by acquire_lease and start_job, which hold the project's row lock and its lease.
create function public.editai_supersede_jobs(p_project_id text) returns void
language sql volatile security invoker set search_path = '' as $$
  select public.editai_end_job(
    j.id, 'failed', null,
    jsonb_build_object('code', 'superseded', 'detail', 'The job stopped responding, or was not started in time, and another one took the project.'))
  from public.editai_jobs j
  where j.project_id = p_project_id and j.status in ('queued', 'running')
$$;
