-- Puts right at most p_limit projects and other keys whose lease or queued job is due, the longest due first. Called by the
-- function lease_cleanup, and by pg_cron through editai_run_cleanup. Concurrent calls share the work.
-- A running job is due when its lease has expired or is gone. A queued job is due when it was last dispatched
-- p_dispatch_ttl_seconds ago, or is past its deadline; the end of its dispatch lease does not matter. A lease without an
-- active job is due when it has expired.
-- Returns a row for each, with its action:
--   requeued  the job has attempts left: it is queued again under a new dispatch lease, and the caller has to dispatch it;
--             fencing_token is that of the new lease, and kind tells which worker runs the job
--   failed    the job has no attempt left, or its deadline has passed: job and project failed, lease deleted; code is the
--             code of the job's error
--   released  the lease had no active job: deleted
--   faulty    it raised an error, which code tells (a SQLSTATE), and is as before; such rows do not count for p_limit
-- For a deleted lease, fencing_token is its own; it is null if the lease was gone.
-- No row can hold up the others. Each has a subtransaction of its own, so an error in one undoes only that one. Rows that
-- another transaction has locked are skipped; for a lock that `skip locked` does not cover, such as a table's, it waits only
-- briefly before it skips the row. A caller that asks for more than 64 makes the server keep track of subtransactions on disk, which is slower.
-- Queued jobs that are due are found by an index. For the rest it reads the leases and the running jobs, of which there are
-- no more than workers: an index on expires_at would make every renewal a non-HOT update.
-- Raises 22023 for a bad time to live.
create function public.editai_cleanup_leases(p_limit integer, p_dispatch_ttl_seconds double precision)
returns table (project_id text, job_id uuid, fencing_token bigint, action text, code text, kind text)
language plpgsql volatile security invoker set search_path = '' set lock_timeout = '100ms' set statement_timeout = '29s'
set plan_cache_mode = force_custom_plan as $$
declare
  v_started_at timestamptz := public.editai_clock();
  v_done integer := 0;
begin
  perform public.editai_ttl(p_dispatch_ttl_seconds);
  for project_id in
    select due.project_id
    from (
      select j.project_id, least(coalesce(j.dispatch_due_at, '-infinity'::timestamptz), j.deadline_at)
      from public.editai_jobs j
      where j.status = 'queued' and least(coalesce(j.dispatch_due_at, '-infinity'::timestamptz), j.deadline_at) <= v_started_at
      union all
      select l.project_id, l.expires_at
      from public.editai_locks l
      where l.expires_at <= v_started_at and not exists (
        select 1 from public.editai_jobs j where j.project_id = l.project_id and j.status = 'queued')
      union all
      select j.project_id, '-infinity'
      from public.editai_jobs j
      where j.status = 'running' and not exists (select 1 from public.editai_locks l where l.project_id = j.project_id)
    ) due (project_id, at)
    order by due.at
  loop
    exit when v_done >= p_limit;
    begin
      select r.job_id, r.fencing_token, r.action, r.code into job_id, fencing_token, action, code
      from public.editai_reclaim_lease(project_id, p_dispatch_ttl_seconds) r;
      continue when action is null;
      select j.kind into kind from public.editai_jobs j where j.id = job_id;
      v_done := v_done + 1;
    exception when lock_not_available then
      continue;
    when others then
      job_id := null;
      kind := null;
      fencing_token := null;
      action := 'faulty';
      code := sqlstate;
      raise warning 'cleanup leaves % as it is: %', project_id, sqlerrm;
    end;
    return next;
  end loop;
end
$$;
