-- Puts right at most p_limit projects and other keys whose lease or queued job is due, the longest due first. Called by the
-- function lease_cleanup, and by pg_cron through editai_run_cleanup. Concurrent calls share the work: each skips the rows
-- that another transaction has locked.
-- A running job is due when its lease has expired or is gone. A queued job is due when it was last dispatched
-- p_dispatch_ttl_seconds ago, or is past its deadline; the end of its dispatch lease does not matter. A lease without an
-- active job is due when it has expired.
-- Returns a row for each, with its action:
--   requeued  the job has attempts left: it is queued again under a new dispatch lease, and the caller has to dispatch it;
--             fencing_token is that of the new lease
--   failed    the job has no attempt left, or its deadline has passed: job and project failed, lease deleted; code is the
--             code of the job's error
--   released  the lease had no active job: deleted
-- For a deleted lease, fencing_token is its own; it is null if the lease was gone.
-- Rows are checked again after they are locked, because a renewal or a claim may have come first.
-- The scan joins the active jobs, which a partial index holds, with the leases. It uses no index on expires_at: such an
-- index would make every renewal a non-HOT update.
-- Raises 22023 for a bad time to live.
create function public.editai_cleanup_leases(p_limit integer, p_dispatch_ttl_seconds double precision)
returns table (project_id text, job_id uuid, fencing_token bigint, action text, code text)
language plpgsql volatile security invoker set search_path = '' set lock_timeout = '2s' set statement_timeout = '30s' as $$
declare
  v_started_at timestamptz := public.editai_clock();
  v_now timestamptz;
  v_is_project boolean;
  v_lease public.editai_locks;
  v_job public.editai_jobs;
begin
  perform public.editai_ttl(p_dispatch_ttl_seconds);
  for project_id in
    select due.project_id
    from (
      select coalesce(j.project_id, l.project_id), coalesce(
        case when j.status = 'queued' then least(coalesce(j.dispatch_due_at, '-infinity'), j.deadline_at) else l.expires_at end,
        '-infinity')
      from (select * from public.editai_jobs a where a.status in ('queued', 'running')) j
      full join public.editai_locks l on l.project_id = j.project_id
    ) due (project_id, at)
    where due.at <= v_started_at
    order by due.at
    limit p_limit
  loop
    -- A key that is not a project has no project row to lock. A row that exists and cannot be locked is in use: skip it.
    perform 1 from public.editai_projects p where p.id = project_id for no key update skip locked;
    v_is_project := found;
    continue when not found and exists (select 1 from public.editai_projects p where p.id = project_id);
    select l.* into v_lease from public.editai_locks l where l.project_id = editai_cleanup_leases.project_id
    for update skip locked;
    continue when not found and exists (
      select 1 from public.editai_locks l where l.project_id = editai_cleanup_leases.project_id);
    select j.* into v_job from public.editai_jobs j
    where v_is_project and j.project_id = editai_cleanup_leases.project_id and j.status in ('queued', 'running')
    for update skip locked;
    continue when not found and exists (
      select 1 from public.editai_jobs j
      where j.project_id = editai_cleanup_leases.project_id and j.status in ('queued', 'running'));
    v_now := public.editai_clock();
    continue when coalesce(v_lease.project_id, v_job.project_id) is null;  -- both have ended
    continue when v_lease.expires_at > v_now and (v_job.status is distinct from 'queued' or v_lease.job_id is distinct from v_job.id);
    continue when v_job.status = 'queued' and v_job.dispatch_due_at > v_now and v_job.deadline_at > v_now;

    job_id := coalesce(v_job.id, v_lease.job_id);
    fencing_token := v_lease.fencing_token;
    code := null;
    if v_job.id is null then
      delete from public.editai_locks l where l.project_id = v_lease.project_id;
      action := 'released';
    elsif v_job.attempt >= v_job.max_attempts or v_job.deadline_at <= v_now then
      perform public.editai_fail_exhausted_job(v_job);
      select j.error ->> 'code' into code from public.editai_jobs j where j.id = v_job.id;
      action := 'failed';
    else
      fencing_token := public.editai_requeue_job(v_job, p_dispatch_ttl_seconds);
      action := 'requeued';
    end if;
    return next;
  end loop;
end
$$;
