-- Reclaims at most p_limit expired leases, oldest first. Called by the function lease_cleanup, and by pg_cron through
-- editai_run_cleanup. Concurrent calls share the work: each skips the rows that another transaction has locked.
-- Returns a row for each reclaimed lease, with its action:
--   requeued  the job has attempts left: it is queued again under a new dispatch lease, and the caller has to dispatch it;
--             fencing_token is that of the new lease
--   failed    the job has no attempt left, or its deadline has passed: job and project failed, lease deleted; code is the
--             code of the job's error
--   released  the lease had no job: deleted
-- For a deleted lease, fencing_token is its own.
-- A lease is checked again after its row is locked, because a renewal may have come first.
-- The scan uses no index on expires_at: such an index would make every renewal a non-HOT update.
-- Raises 22023 for a bad time to live.
create function public.editai_cleanup_leases(p_limit integer, p_dispatch_ttl_seconds double precision)
returns table (project_id text, job_id uuid, fencing_token bigint, action text, code text)
language plpgsql volatile security invoker set search_path = '' set lock_timeout = '2s' set statement_timeout = '30s' as $$
declare
  v_started_at timestamptz := public.editai_clock();
  v_now timestamptz;
  v_lease public.editai_locks;
  v_job public.editai_jobs;
begin
  perform public.editai_ttl(p_dispatch_ttl_seconds);
  for project_id in
    select l.project_id from public.editai_locks l
    where l.expires_at <= v_started_at
    order by l.expires_at
    limit p_limit
  loop
    perform 1 from public.editai_projects p where p.id = project_id for no key update skip locked;
    -- A key that is not a project has no row to lock. A project row that cannot be locked is in use: skip it.
    continue when not found and exists (select 1 from public.editai_projects p where p.id = project_id);
    select l.* into v_lease from public.editai_locks l where l.project_id = editai_cleanup_leases.project_id
    for update skip locked;
    continue when not found;
    v_now := public.editai_clock();
    continue when v_lease.expires_at > v_now;

    job_id := v_lease.job_id;
    fencing_token := v_lease.fencing_token;
    code := null;
    select j.* into v_job from public.editai_jobs j
    where j.id = v_lease.job_id and j.status in ('queued', 'running') for update;
    if not found then
      delete from public.editai_locks l where l.project_id = v_lease.project_id;
      action := 'released';
    elsif v_job.attempt >= v_job.max_attempts or v_job.deadline_at <= v_now then
      perform public.editai_fail_exhausted_job(v_job);
      select j.error ->> 'code' into code from public.editai_jobs j where j.id = v_job.id;
      action := 'failed';
    else
      update public.editai_jobs j set status = 'queued' where j.id = v_job.id;
      fencing_token := (public.editai_grant_lease(
        v_lease.project_id, pg_catalog.gen_random_uuid(), 'dispatch', p_dispatch_ttl_seconds, v_job.id, v_job.deadline_at
      )).lease.fencing_token;
      action := 'requeued';
    end if;
    return next;
  end loop;
end
$$;
