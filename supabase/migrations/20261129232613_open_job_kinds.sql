-- Let a kind of job be any name, so that a new one needs no migration: its recipe is registered in Python. A job of such a
-- kind saves checkpoints of its own, and the lease of a key that is no project may have progress.
-- Written by `make migration` from supabase/schemas, which says of each object what it is for.
-- Checksum of what follows, which shows changes by hand: 45fc8cfa11c2baa2

set lock_timeout = '5s';
set statement_timeout = '60s';

set local check_function_bodies = off;

-- Nothing relies on it but the deletion of a project, which a trigger below takes over.
alter table public.editai_generation_progress
  -- squawk-ignore ban-drop-constraint
  drop constraint editai_generation_progress_project_id_fkey;

-- The wider check below takes its place: every row fits it.
alter table public.editai_jobs
  -- squawk-ignore ban-drop-constraint
  drop constraint editai_jobs_kind_is_known;

-- A new signature: with `create or replace` there would be two functions that a call fits.
-- squawk-ignore ban-drop-function
drop function public.editai_cleanup_leases(integer, double precision);

alter table public.editai_jobs
  add column checkpoint jsonb
    constraint editai_jobs_checkpoint_is_a_small_object check (((jsonb_typeof(checkpoint) = 'object'::text) and (octet_length((checkpoint)::text) <= 65536)));

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
language plpgsql volatile security invoker set search_path = '' set lock_timeout = '100ms' set statement_timeout = '30s'
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

-- Ends an active job, and updates its project, progress and files to match. Does nothing to a job that has ended.
-- Called by finish_job, cancel_job, supersede_jobs and fail_exhausted_job. The caller holds the project's row lock, and
-- has taken over the job's lease or removes it.
-- The text of a render's subtitles is removed from params, and the checkpoint: they may be long, and job rows are kept for
-- months.
create or replace function public.editai_end_job(p_job_id uuid, p_status text, p_result jsonb, p_error jsonb) returns void
language plpgsql volatile security invoker set search_path = '' as $$
declare
  v_job public.editai_jobs;
  v_now timestamptz := public.editai_clock();
begin
  update public.editai_jobs j set
    status = p_status,
    result = p_result,
    error = p_error,
    finished_at = v_now,
    checkpoint = null,
    params = j.params #- '{options,subtitles,srt}' #- '{options,subtitles,vtt}'
  where j.id = p_job_id and j.status in ('queued', 'running')
  returning j.* into v_job;
  if not found then
    return;
  end if;
  update public.editai_projects p set
    status = case
      when p_status = 'failed' then 'failed'
      when exists (select 1 from public.editai_clips c where c.project_id = p.id) then 'ready_for_triage'
      else 'created'
    end,
    updated_at = v_now
  where p.id = v_job.project_id;
  if p_status = 'cancelled' then
    delete from public.editai_generation_progress g where g.project_id = v_job.project_id;
  elsif p_status = 'completed' then
    update public.editai_generation_progress g set
      percentage = 100, current_step = 'Completed', estimated_remaining = 0, updated_at = v_now
    where g.project_id = v_job.project_id;
  end if;
  -- Only a job that completed in its first attempt leaves no unused files.
  if p_status <> 'completed' or v_job.attempt > 1 then
    insert into public.editai_storage_garbage (project_id, prefix, not_before)
    select v_job.project_id, v_job.project_id || '/jobs/' || v_job.id || '/', due.at
    from public.editai_job_removal_times(v_job, v_now + interval '5 minutes') as due (at);
  end if;
end
$$;

-- Deletes the progress of a key that is no project, because its lease has ended: there is no one else to delete it. The
-- progress of a project stays. Called by release_lease and reclaim_lease, after they have deleted the lease.
create function public.editai_forget_key_progress(p_key text) returns void
language sql volatile security invoker set search_path = '' as $$
  delete from public.editai_generation_progress g
  where g.project_id = p_key and not exists (select 1 from public.editai_projects p where p.id = p_key)
$$;

-- Deletes a project's progress with the project, however its row was deleted. Called by the trigger below.
create function public.editai_forget_progress() returns trigger
language plpgsql volatile security invoker set search_path = '' as $$
begin
  delete from public.editai_generation_progress g where g.project_id = old.id;
  return null;
end
$$;

-- Puts right one project, or another key, whose lease or queued job is due. Called by cleanup_leases, which says what is due
-- and describes the results. action is null if there is nothing to do: another transaction has locked a row, or a renewal
-- or a claim has come first. So the rows are judged after they are locked.
create or replace function public.editai_reclaim_lease(
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
    perform public.editai_forget_key_progress(p_project_id);
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

-- Saves the state after which a job's next attempt continues. Called by the worker of a job whose checkpoints are no clips.
-- p_percentage is the job's progress with it: it is shown at once, and the next attempt begins there.
-- Outcomes: recorded; cancelled or lost, and then nothing was written. Raises 23514 for a state that is no object or too large.
create function public.editai_record_checkpoint(
  p_project_id text,
  p_job_id uuid,
  p_lease_id uuid,
  p_fencing_token bigint,
  p_checkpoint jsonb,
  p_percentage integer default null
) returns text
language plpgsql volatile security invoker set search_path = '' set lock_timeout = '2s' set statement_timeout = '8s' as $$
begin
  if not public.editai_lock_job_lease(p_project_id, p_job_id, p_lease_id, p_fencing_token) then
    return public.editai_loss_reason(p_job_id);
  end if;
  update public.editai_jobs j set checkpoint = p_checkpoint where j.id = p_job_id;
  update public.editai_generation_progress g set
    percentage = greatest(g.percentage, p_percentage),
    checkpoint_percentage = greatest(g.checkpoint_percentage, p_percentage),
    updated_at = public.editai_clock()
  where g.project_id = p_project_id and g.fencing_token = p_fencing_token and p_percentage > g.checkpoint_percentage;
  return 'recorded';
end
$$;

-- Releases a lease. Returns whether it was the caller's; another holder's lease stays as it is.
-- With the lease of a key that is no project its progress is deleted.
-- The row of a job's lease is not deleted but expires at once: cleanup finds the job by that row, so no job stays
-- active without a lease. (editai_finish_job ends the job and deletes its lease itself.)
create or replace function public.editai_release_lease(p_project_id text, p_lease_id uuid, p_fencing_token bigint) returns boolean
language plpgsql volatile security invoker set search_path = '' set lock_timeout = '2s' set statement_timeout = '8s' as $$
begin
  delete from public.editai_locks l
  where l.project_id = p_project_id and l.lease_id = p_lease_id and l.fencing_token = p_fencing_token and l.job_id is null;
  if found then
    perform public.editai_forget_key_progress(p_project_id);
    return true;
  end if;
  update public.editai_locks l set expires_at = least(l.expires_at, public.editai_clock())
  where l.project_id = p_project_id and l.lease_id = p_lease_id and l.fencing_token = p_fencing_token;
  return found;
end
$$;

-- Returns the version of the newest migration, 14 digits. Called by the library's readyz, to compare with
-- SCHEMA_VERSION.
-- `make migration` writes the same version here, in shared/database/schema_version.py and in the new file's name.
create or replace function public.editai_schema_version()
returns text
language sql immutable security invoker set search_path = '' as $$
  select '20261129232613'
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
-- Jobs of a kind that another function runs go to the address in 'editai_worker_url_' and the kind, if there is such a secret.
-- Otherwise a job is requeued under a lease that has already expired: the next lease_cleanup, or a late delivery, then
-- takes the job at once instead of waiting for a dispatch that does not come.
-- Ended jobs are kept for 90 days and idempotency keys for 7, unless Vault holds other numbers. Set those of the settings
-- JOB_RETENTION_DAYS and IDEMPOTENCY_KEY_DAYS of lease_cleanup, if they differ from its defaults:
--   select vault.create_secret('365', 'editai_job_retention_days');
--   select vault.create_secret('30', 'editai_idempotency_key_days');
-- A step or a dispatch that raises an error does not stop the rest; a warning in Postgres's log tells of it.
-- A procedure, not a function: PostgREST does not offer it, and only its owner may call it.
create or replace procedure public.editai_run_cleanup()
language plpgsql security invoker set search_path = '' set lock_timeout = '2s' as $$
declare
  v_worker_url text;
  v_worker_urls jsonb;
  v_secret text;
  v_can_dispatch boolean;
  v_job_days text;
  v_key_days text;
  v_row record;
begin
  if pg_catalog.to_regclass('vault.decrypted_secrets') is not null then
    select
      max(s.decrypted_secret) filter (where s.name = 'editai_worker_url'),
      jsonb_object_agg(s.name, s.decrypted_secret) filter (where starts_with(s.name, 'editai_worker_url_')),
      max(s.decrypted_secret) filter (where s.name = 'editai_internal_secret'),
      max(s.decrypted_secret) filter (where s.name = 'editai_job_retention_days'),
      max(s.decrypted_secret) filter (where s.name = 'editai_idempotency_key_days')
    into v_worker_url, v_worker_urls, v_secret, v_job_days, v_key_days
    from vault.decrypted_secrets s
    where starts_with(s.name, 'editai_worker_url_') or s.name in (
      'editai_worker_url', 'editai_internal_secret', 'editai_job_retention_days', 'editai_idempotency_key_days');
  end if;
  v_can_dispatch := v_worker_url is not null and v_secret is not null
    and pg_catalog.to_regprocedure('net.http_post(text, jsonb, jsonb, jsonb, integer)') is not null;

  begin
    for v_row in
      select c.job_id, c.action, c.kind
      from public.editai_cleanup_leases(50, case when v_can_dispatch then 30 else 0.001 end) c
    loop
      continue when not v_can_dispatch or v_row.action <> 'requeued';
      begin
        -- pg_net sends this after the commit, so the worker finds the job queued.
        perform net.http_post(
          url := coalesce(v_worker_urls ->> ('editai_worker_url_' || v_row.kind), v_worker_url),
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
  begin
    perform public.editai_cleanup_jobs(50, 86400 * coalesce(v_job_days::double precision, 90));
  exception when others then
    raise warning 'cleanup of jobs failed: %', sqlerrm;
  end;
  begin
    perform public.editai_expire_idempotency_keys(50, 86400 * coalesce(v_key_days::double precision, 7));
  exception when others then
    raise warning 'cleanup of idempotency keys failed: %', sqlerrm;
  end;
end
$$;

alter table public.editai_jobs
  -- One transaction holds the same lock with `not valid` and without it; statement_timeout limits how long writes wait.
  -- squawk-ignore constraint-missing-not-valid
  add constraint editai_jobs_kind_is_a_name check ((kind ~ '^[a-z][a-z0-9_]{0,62}$'::text));

create trigger editai_projects_forget_progress
  after delete on public.editai_projects
  for each row
  execute function public.editai_forget_progress();

call public.editai_restrict_functions();

notify pgrst, 'reload schema';
