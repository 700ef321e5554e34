-- Cleanup that nothing can hold up: each row has a fault of its own, and rows that are locked at any level are skipped.
-- Written by `make migration` from supabase/schemas, which says of each object what it is for.
-- Checksum of what follows, which shows changes by hand: 000266d1b2cad1b5

set lock_timeout = '5s';
set statement_timeout = '60s';

set local check_function_bodies = off;

-- Puts right at most p_limit projects and other keys whose lease or queued job is due, the longest due first. Called by the
-- function lease_cleanup, and by pg_cron through editai_run_cleanup. Concurrent calls share the work.
-- A running job is due when its lease has expired or is gone. A queued job is due when it was last dispatched
-- p_dispatch_ttl_seconds ago, or is past its deadline; the end of its dispatch lease does not matter. A lease without an
-- active job is due when it has expired.
-- Returns a row for each, with its action:
--   requeued  the job has attempts left: it is queued again under a new dispatch lease, and the caller has to dispatch it;
--             fencing_token is that of the new lease
--   failed    the job has no attempt left, or its deadline has passed: job and project failed, lease deleted; code is the
--             code of the job's error
--   released  the lease had no active job: deleted
--   faulty    it raised an error, which code tells (a SQLSTATE), and is as before; such rows do not count for p_limit
-- For a deleted lease, fencing_token is its own; it is null if the lease was gone.
-- No row can hold up the others. Each has a subtransaction of its own, so an error in one undoes only that one. Rows that
-- another transaction has locked are skipped, and the rare lock that cannot be skipped is waited for only briefly. A
-- caller that asks for more than 64 makes the server keep track of subtransactions on disk, which is slower.
-- The scan joins the active jobs, which a partial index holds, with the leases. It uses no index on expires_at: such an
-- index would make every renewal a non-HOT update.
-- Raises 22023 for a bad time to live.
create or replace function public.editai_cleanup_leases(p_limit integer, p_dispatch_ttl_seconds double precision)
returns table (project_id text, job_id uuid, fencing_token bigint, action text, code text)
language plpgsql volatile security invoker set search_path = '' set lock_timeout = '100ms' set statement_timeout = '30s' as $$
declare
  v_started_at timestamptz := public.editai_clock();
  v_done integer := 0;
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
  loop
    exit when v_done >= p_limit;
    begin
      select r.job_id, r.fencing_token, r.action, r.code into job_id, fencing_token, action, code
      from public.editai_reclaim_lease(project_id, p_dispatch_ttl_seconds) r;
      continue when action is null;
      v_done := v_done + 1;
    exception when others then
      job_id := null;
      fencing_token := null;
      action := 'faulty';
      code := sqlstate;
      raise warning 'cleanup leaves % as it is: %', project_id, sqlerrm;
    end;
    return next;
  end loop;
end
$$;

-- Deletes at most p_limit sources that have been pending for longer than p_max_age_seconds: their upload URL was never
-- used.
-- Files that were uploaded to their paths become garbage. Called by the function lease_cleanup and by
-- editai_run_cleanup.
-- Returns the number of sources. A source that another transaction has locked is skipped. One that raises an error stays,
-- with a warning in Postgres's log; each has a subtransaction of its own, as in editai_cleanup_leases.
create or replace function public.editai_cleanup_uploads(p_limit integer, p_max_age_seconds double precision) returns integer
language plpgsql volatile security invoker set search_path = '' set lock_timeout = '100ms' set statement_timeout = '30s' as $$
declare
  v_now timestamptz := public.editai_clock();
  v_source record;
  v_count integer := 0;
begin
  for v_source in
    select s.id, s.project_id, s.storage_path from public.editai_sources s
    where s.status = 'pending' and s.created_at <= v_now - make_interval(secs => p_max_age_seconds)
    for update skip locked
  loop
    exit when v_count >= p_limit;
    begin
      delete from public.editai_sources s where s.id = v_source.id;
      insert into public.editai_storage_garbage (project_id, prefix, not_before)
      values (v_source.project_id, v_source.storage_path, v_now);
      v_count := v_count + 1;
    exception when others then
      raise warning 'cleanup leaves source % as it is: %', v_source.id, sqlerrm;
    end;
  end loop;
  return v_count;
end
$$;

-- Puts right one project, or another key, whose lease or queued job is due. Called by cleanup_leases, which says what is due
-- and describes the results. action is null if there is nothing to do: another transaction has locked a row, or a renewal
-- or a claim has come first. So the rows are judged after they are locked.
create function public.editai_reclaim_lease(
  p_project_id text,
  p_dispatch_ttl_seconds double precision,
  out job_id uuid,
  out fencing_token bigint,
  out action text,
  out code text
)
language plpgsql volatile security invoker set search_path = '' as $$
declare
  v_now timestamptz;
  v_is_project boolean;
  v_lease public.editai_locks;
  v_job public.editai_jobs;
begin
  -- A row that exists and was not locked is in use by another transaction. A key that is not a project has no project row.
  perform 1 from public.editai_projects p where p.id = p_project_id for no key update skip locked;
  v_is_project := found;
  if not found and exists (select 1 from public.editai_projects p where p.id = p_project_id) then
    return;
  end if;
  select l.* into v_lease from public.editai_locks l where l.project_id = p_project_id for update skip locked;
  if not found and exists (select 1 from public.editai_locks l where l.project_id = p_project_id) then
    return;
  end if;
  select j.* into v_job from public.editai_jobs j
  where v_is_project and j.project_id = p_project_id and j.status in ('queued', 'running') for update skip locked;
  if not found and exists (
    select 1 from public.editai_jobs j where j.project_id = p_project_id and j.status in ('queued', 'running')
  ) then
    return;
  end if;

  v_now := public.editai_clock();
  if v_job.id is null and v_lease.project_id is null then
    return;
  elsif v_job.status = 'queued' and v_job.dispatch_due_at > v_now and v_job.deadline_at > v_now then
    return;
  elsif v_lease.expires_at > v_now and (v_job.status is distinct from 'queued' or v_lease.job_id is distinct from v_job.id) then
    return;
  end if;

  job_id := coalesce(v_job.id, v_lease.job_id);
  fencing_token := v_lease.fencing_token;
  if v_job.id is null then
    delete from public.editai_locks l where l.project_id = p_project_id;
    action := 'released';
  elsif v_job.attempt >= v_job.max_attempts or v_job.deadline_at <= v_now then
    perform public.editai_fail_exhausted_job(v_job);
    select j.error ->> 'code' into code from public.editai_jobs j where j.id = v_job.id;
    action := 'failed';
  else
    fencing_token := public.editai_requeue_job(v_job, p_dispatch_ttl_seconds);
    action := 'requeued';
  end if;
end
$$;

-- Returns the version of the newest migration, 14 digits. Called by the library's readyz, to compare with
-- SCHEMA_VERSION.
-- `make migration` writes the same version here, in shared/database/schema_version.py and in the new file's name.
create or replace function public.editai_schema_version()
returns text
language sql immutable security invoker set search_path = '' as $$
  select '20261129163006'
$$;

-- Cleans up from inside the database. Scheduled each minute by editai_schedule_cleanup, where pg_cron is available; for
-- deployments without a scheduler of their own.
--
--   pg_cron -> editai_run_cleanup -> editai_cleanup_leases -> pg_net -> worker
--
-- It reclaims expired leases and dispatches requeued jobs, as the function lease_cleanup does, and may run beside it:
-- each requeued job is dispatched by the one that requeued it. Files are left to lease_cleanup.
-- Jobs are dispatched through pg_net, if Vault holds two secrets:
--   select vault.create_secret('https://worker.example/', 'editai_worker_url');
--   select vault.create_secret('<INTERNAL_SECRET of the functions>', 'editai_internal_secret');
-- Otherwise a job is requeued under a lease that has already expired: the next lease_cleanup, or a late delivery, then
-- takes the job at once instead of waiting for a dispatch that does not come.
-- A step or a dispatch that raises an error does not stop the rest; a warning in Postgres's log tells of it.
-- A procedure, not a function: PostgREST does not offer it, and only its owner may call it.
create or replace procedure public.editai_run_cleanup()
language plpgsql security invoker set search_path = '' set lock_timeout = '2s' as $$
declare
  v_worker_url text;
  v_secret text;
  v_can_dispatch boolean;
  v_row record;
begin
  if pg_catalog.to_regclass('vault.decrypted_secrets') is not null
    and pg_catalog.to_regprocedure('net.http_post(text, jsonb, jsonb, jsonb, integer)') is not null
  then
    select
      max(s.decrypted_secret) filter (where s.name = 'editai_worker_url'),
      max(s.decrypted_secret) filter (where s.name = 'editai_internal_secret')
    into v_worker_url, v_secret
    from vault.decrypted_secrets s
    where s.name in ('editai_worker_url', 'editai_internal_secret');
  end if;
  v_can_dispatch := v_worker_url is not null and v_secret is not null;

  begin
    for v_row in
      select c.job_id, c.action
      from public.editai_cleanup_leases(50, case when v_can_dispatch then 30 else 0.001 end) c
    loop
      continue when not v_can_dispatch or v_row.action <> 'requeued';
      begin
        -- pg_net sends this after the commit, so the worker finds the job queued.
        perform net.http_post(
          url := v_worker_url,
          body := jsonb_build_object('job_id', v_row.job_id),
          headers := jsonb_build_object(
            'Content-Type', 'application/json',
            'Authorization', 'Bearer ' || v_secret,
            'Prefer', 'respond-async'),
          timeout_milliseconds := 5000);
      exception when others then
        raise warning 'job % was not dispatched: %', v_row.job_id, sqlerrm;
      end;
    end loop;
  exception when others then
    raise warning 'cleanup of leases failed: %', sqlerrm;
  end;
  begin
    perform public.editai_cleanup_uploads(50, 86400);
  exception when others then
    raise warning 'cleanup of uploads failed: %', sqlerrm;
  end;
end
$$;

call public.editai_restrict_functions();

notify pgrst, 'reload schema';
