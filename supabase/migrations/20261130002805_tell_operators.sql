-- Tell operators what has happened to a job, how the last cleanup ended, and what is held, waits and stands still; let them
-- queue a job again and drain workers.
-- Written by `make migration` from supabase/schemas, which says of each object what it is for.
-- Checksum of what follows, which shows changes by hand: 34918cc04df2374c

set lock_timeout = '5s';
set statement_timeout = '60s';

set local check_function_bodies = off;

create table public.editai_cleanup_runs (
  runner           text                     not null,
  ended_at         timestamp with time zone not null,
  duration_seconds double precision         not null,
  failed_steps     text[]                   not null,
  counts           jsonb                    not null,
  completed_at     timestamp with time zone,
  constraint editai_cleanup_runs_pkey primary key (runner)
);

alter table public.editai_cleanup_runs
  enable row level security;

create table public.editai_drains (
  holder text                     not null,
  constraint editai_drains_pkey primary key (holder),
  since  timestamp with time zone not null default public.editai_clock()
);

alter table public.editai_drains
  enable row level security;

create table public.editai_job_events (
  job_id        uuid                     not null,
  row_number    bigint                   not null default nextval('public.editai_row_numbers'::regclass),
  event         text                     not null,
  attempt       integer                  not null,
  fencing_token bigint,
  holder        text,
  percentage    integer,
  current_step  text,
  code          text,
  constraint editai_job_events_event_is_known
    check ((event = any (array['claimed'::text, 'returned'::text, 'abandoned'::text, 'requeued'::text, 'withdrawn'::text, 'completed'::text, 'failed'::text, 'cancelled'::text]))),
  constraint editai_job_events_pkey primary key (job_id, row_number),
  at            timestamp with time zone not null default public.editai_clock()
);

alter table public.editai_job_events
  enable row level security;

alter table public.editai_generation_progress
  add column changed_at timestamp with time zone;

alter table public.editai_jobs
  add column dispatches integer not null default 1;

-- Lets the lease of an attempt that gives up end p_ttl_seconds from now, and notes why, for operators. Called by the worker,
-- when a fault may be gone in the next attempt; cleanup queues the job again.
-- Outcomes: abandoned; cancelled or lost, and then nothing was written. Raises 22023 for a bad time to live.
create function public.editai_abandon_job(
  p_project_id text,
  p_job_id uuid,
  p_lease_id uuid,
  p_fencing_token bigint,
  p_ttl_seconds double precision,
  p_code text
) returns text
language plpgsql volatile security invoker set search_path = '' set lock_timeout = '2s' set statement_timeout = '8s' as $$
begin
  if not public.editai_lock_job_lease(p_project_id, p_job_id, p_lease_id, p_fencing_token) then
    return public.editai_loss_reason(p_job_id);
  end if;
  perform public.editai_renew_lease(p_project_id, p_lease_id, p_fencing_token, p_ttl_seconds);
  insert into public.editai_job_events (job_id, event, attempt, fencing_token, holder, percentage, current_step, code)
  select j.id, 'abandoned', j.attempt, p_fencing_token, l.holder, g.percentage, g.current_step, left(p_code, 100)
  from public.editai_jobs j
  join public.editai_locks l on l.project_id = j.project_id
  left join public.editai_generation_progress g on g.project_id = j.project_id
  where j.id = p_job_id;
  return 'abandoned';
end
$$;

-- Sets a project's progress to 0 for the lease that was just granted with this fencing token.
-- Called by start_job.
create or replace function public.editai_begin_progress(p_project_id text, p_current_step text, p_fencing_token bigint) returns void
language sql volatile security invoker set search_path = '' as $$
  insert into public.editai_generation_progress as g (project_id, current_step, updated_at, fencing_token, changed_at)
  select p_project_id, p_current_step, c.moment, p_fencing_token, c.moment from public.editai_clock() as c (moment)
  on conflict (project_id) do update set
    percentage = 0,
    checkpoint_percentage = 0,
    current_step = excluded.current_step,
    estimated_remaining = null,
    updated_at = excluded.updated_at,
    fencing_token = excluded.fencing_token,
    changed_at = excluded.changed_at
$$;

-- Gives a worker the job, its lease and what it needs to continue: the sources, and the clips recorded so far.
-- Dispatch is at least once, so the same job may be claimed at any time and any number of times.
-- The attempt's progress starts here, where the recorded clips stand. Otherwise a reader would see the percentage of the
-- attempt before, which the first heartbeat would then take back.
-- Outcomes:
--   claimed        the lease is the caller's; also when the call is repeated with the same p_lease_id
--   running        another worker has the job
--   ended          the job has ended: nothing to do
--   exhausted      no attempt or no time is left: the job has just been failed
--   drained        the holder gets no further jobs, see drains.sql
--   busy           another lease holds the project
--   job_not_found  there is no such job
create or replace function public.editai_claim_job(
  p_job_id uuid,
  p_lease_id uuid,
  p_holder text,
  p_ttl_seconds double precision,
  out outcome text,
  out job public.editai_jobs,
  out lease public.editai_locks,
  out sources public.editai_sources[],
  out clips public.editai_clips[]
)
language plpgsql volatile security invoker set search_path = '' set lock_timeout = '2s' set statement_timeout = '8s' as $$
declare
  v_grant record;
  v_now timestamptz;
begin
  select j.* into job from public.editai_jobs j where j.id = p_job_id;
  if not found or not public.editai_lock_project(job.project_id) then
    job := null;  -- its project was deleted, and the job with it
    outcome := 'job_not_found';
    return;
  end if;
  select l.* into lease from public.editai_locks l where l.project_id = job.project_id for update;
  select j.* into job from public.editai_jobs j where j.id = p_job_id for update;
  v_now := public.editai_clock();

  if job.id is null then
    outcome := 'job_not_found';
  elsif job.status not in ('queued', 'running') then
    outcome := 'ended';
  elsif lease.expires_at > v_now and lease.job_id is distinct from job.id then
    outcome := 'busy';
  elsif lease.expires_at > v_now and job.status = 'running' and lease.lease_id is distinct from p_lease_id then
    outcome := 'running';
  elsif lease.expires_at > v_now and job.status = 'running' then
    outcome := 'claimed';
  elsif job.attempt >= job.max_attempts or job.deadline_at <= v_now then
    perform public.editai_fail_exhausted_job(job);
    select j.* into job from public.editai_jobs j where j.id = p_job_id;
    outcome := 'exhausted';
  end if;

  if outcome is null and exists (select 1 from public.editai_drains d where starts_with(p_holder, d.holder)) then
    outcome := 'drained';
  end if;
  if outcome is null then
    -- Remove the dispatch lease, so that the worker's lease gets a new token.
    delete from public.editai_locks l where l.project_id = job.project_id;
    select * into v_grant from public.editai_grant_lease(
      job.project_id, p_lease_id, p_holder, p_ttl_seconds, job.id, job.deadline_at);
    lease := v_grant.lease;
    update public.editai_jobs j set
      status = 'running',
      attempt = j.attempt + 1,
      fencing_token = lease.fencing_token,
      started_at = coalesce(j.started_at, v_now)
    where j.id = p_job_id
    returning j.* into job;
    perform public.editai_resume_progress(job.project_id, 'Starting', lease.fencing_token);
    outcome := 'claimed';
  end if;

  if outcome = 'claimed' then
    sources := array(
      select s from public.editai_sources s
      where s.project_id = job.project_id and s.status = 'ready'
      order by s.row_number, s.created_at, s.id);
    clips := array(
      select c from public.editai_clips c where c.job_id = p_job_id order by c.variant_number);
  end if;
end
$$;

-- Gives the workers whose holder begins with p_holder no further jobs; what they run goes on. Called by operators.
create function public.editai_drain(p_holder text) returns void
language sql volatile security invoker set search_path = '' set lock_timeout = '2s' set statement_timeout = '8s' as $$
  insert into public.editai_drains (holder) values (p_holder) on conflict (holder) do nothing
$$;

-- Renews a job's lease and writes its progress, in one call about once a second; tells the worker whether to continue.
-- Without p_percentage it only renews the lease. Within one attempt the percentage never goes down.
-- Outcomes: held (with the lease's new end); cancelled or lost, and then nothing was written.
-- Raises 22023 for a bad time to live.
create or replace function public.editai_heartbeat(
  p_project_id text,
  p_job_id uuid,
  p_lease_id uuid,
  p_fencing_token bigint,
  p_ttl_seconds double precision,
  p_percentage integer default null,
  p_current_step text default '',
  p_estimated_remaining integer default null,
  out outcome text,
  out expires_at timestamptz
)
language plpgsql volatile security invoker set search_path = '' set lock_timeout = '2s' set statement_timeout = '8s' as $$
declare
  v_renewal record;
begin
  select * into v_renewal
  from public.editai_renew_lease(p_project_id, p_lease_id, p_fencing_token, p_ttl_seconds);
  if not v_renewal.renewed then
    outcome := public.editai_loss_reason(p_job_id);
    return;
  end if;
  if p_percentage is not null then
    insert into public.editai_generation_progress as g (
      project_id, percentage, current_step, estimated_remaining, updated_at, fencing_token, changed_at)
    select
      p_project_id, p_percentage, p_current_step, p_estimated_remaining, c.moment, p_fencing_token, c.moment
    from public.editai_clock() as c (moment)
    on conflict (project_id) do update set
      percentage = case
        when g.fencing_token = excluded.fencing_token then greatest(g.percentage, excluded.percentage)
        else excluded.percentage
      end,
      current_step = excluded.current_step,
      estimated_remaining = excluded.estimated_remaining,
      updated_at = excluded.updated_at,
      fencing_token = excluded.fencing_token,
      changed_at = case
        when g.fencing_token = excluded.fencing_token and g.current_step = excluded.current_step
          and g.percentage >= excluded.percentage
        then g.changed_at
        else excluded.changed_at
      end;
  end if;
  outcome := 'held';
  expires_at := v_renewal.expires_at;
end
$$;

-- Notes what has happened to a job, see job_events.sql. Called by the trigger below, in the transaction of every function
-- that changes a job's state. It reads the lease and the progress as they are at that moment, and locks nothing.
create function public.editai_note_job_event() returns trigger
language plpgsql volatile security invoker set search_path = '' as $$
declare
  v_lease public.editai_locks;
begin
  select l.* into v_lease from public.editai_locks l where l.project_id = new.project_id and l.job_id = new.id;
  insert into public.editai_job_events (
    job_id, event, attempt, fencing_token, holder, percentage, current_step, code)
  select
    new.id,
    case
      when new.attempt > old.attempt then 'claimed'
      when new.attempt < old.attempt then 'returned'
      when new.status = 'queued' then 'requeued'
      else new.status
    end,
    greatest(old.attempt, new.attempt), coalesce(v_lease.fencing_token, new.fencing_token), v_lease.holder,
    g.percentage, g.current_step, new.error ->> 'code'
  from (values (1)) one
  left join public.editai_generation_progress g on g.project_id = new.project_id;
  return null;
end
$$;

-- Stores how a cleanup ended, in the place of the one before. Called by lease_cleanup and run_cleanup.
create function public.editai_record_cleanup(
  p_runner text,
  p_duration_seconds double precision,
  p_failed_steps text[],
  p_counts jsonb
) returns void
language sql volatile security invoker set search_path = '' set lock_timeout = '2s' set statement_timeout = '8s' as $$
  insert into public.editai_cleanup_runs as r (runner, ended_at, duration_seconds, failed_steps, counts, completed_at)
  select p_runner, c.moment, p_duration_seconds, p_failed_steps, p_counts, case when p_failed_steps = '{}' then c.moment end
  from public.editai_clock() as c (moment)
  on conflict (runner) do update set
    ended_at = excluded.ended_at,
    duration_seconds = excluded.duration_seconds,
    failed_steps = excluded.failed_steps,
    counts = excluded.counts,
    completed_at = coalesce(excluded.completed_at, r.completed_at)
$$;

-- Takes an active job from its holder and queues it again, at no cost of an attempt. Its lease has a new token, so the
-- holder stops at its next heartbeat and changes nothing more. Cleanup dispatches the job at its next run. Called by
-- operators, for a job whose worker is alive and makes no progress, or whose dispatch was lost.
-- Outcomes: requeued; ended; job_not_found.
create function public.editai_requeue_by_operator(p_job_id uuid) returns text
language plpgsql volatile security invoker set search_path = '' set lock_timeout = '2s' set statement_timeout = '8s' as $$
declare
  v_job public.editai_jobs;
begin
  select j.* into v_job from public.editai_jobs j where j.id = p_job_id;
  if not found or not public.editai_lock_project(v_job.project_id) then
    return 'job_not_found';
  end if;
  perform 1 from public.editai_locks l where l.project_id = v_job.project_id for update;
  select j.* into v_job from public.editai_jobs j where j.id = p_job_id for update;
  if v_job.status is null or v_job.status not in ('queued', 'running') then
    return 'ended';
  end if;
  insert into public.editai_job_events (job_id, event, attempt, fencing_token, holder)
  select v_job.id, 'withdrawn', v_job.attempt, l.fencing_token, l.holder
  from public.editai_locks l where l.project_id = v_job.project_id
  union all
  select v_job.id, 'withdrawn', v_job.attempt, v_job.fencing_token, null
  where not exists (select 1 from public.editai_locks l where l.project_id = v_job.project_id);
  if v_job.status = 'running' then
    update public.editai_jobs j set attempt = greatest(j.attempt - 1, 0) where j.id = p_job_id returning j.* into v_job;
  end if;
  -- The shortest time to live: it is due at cleanup's next run.
  perform public.editai_requeue_job(v_job, 0.001);
  return 'requeued';
end
$$;

-- Queues an active job again, to be dispatched by the caller: it gets a new dispatch lease, whose fencing token is
-- returned, and is due to be dispatched once more when p_dispatch_ttl_seconds have passed. Called by reclaim_lease and
-- return_job, which hold the row locks of the project, the lease and the job.
create or replace function public.editai_requeue_job(p_job public.editai_jobs, p_dispatch_ttl_seconds double precision) returns bigint
language plpgsql volatile security invoker set search_path = '' as $$
declare
  v_grant record;
begin
  -- Each dispatch has a token of its own. An expired lease is taken over; one that is still live is removed.
  delete from public.editai_locks l where l.project_id = p_job.project_id and l.expires_at > public.editai_clock();
  select * into v_grant from public.editai_grant_lease(
    p_job.project_id, pg_catalog.gen_random_uuid(), 'dispatch', p_dispatch_ttl_seconds, p_job.id, p_job.deadline_at);
  update public.editai_jobs j set
    status = 'queued',
    dispatches = j.dispatches + 1,
    dispatch_due_at = (v_grant.lease).acquired_at + public.editai_ttl(p_dispatch_ttl_seconds)
  where j.id = p_job.id;
  return (v_grant.lease).fencing_token;
end
$$;

-- Ends a drain. Returns whether there was one of this name. Called by operators.
create function public.editai_resume(p_holder text) returns boolean
language plpgsql volatile security invoker set search_path = '' set lock_timeout = '2s' set statement_timeout = '8s' as $$
begin
  delete from public.editai_drains d where d.holder = p_holder;
  return found;
end
$$;

-- Begins the progress of a job's attempt for the lease that was just granted with this fencing token: where the clips that
-- earlier attempts recorded stand, or at 0. Called by claim_job.
create or replace function public.editai_resume_progress(p_project_id text, p_current_step text, p_fencing_token bigint) returns void
language sql volatile security invoker set search_path = '' as $$
  insert into public.editai_generation_progress as g (project_id, current_step, updated_at, fencing_token, changed_at)
  select p_project_id, p_current_step, c.moment, p_fencing_token, c.moment from public.editai_clock() as c (moment)
  on conflict (project_id) do update set
    percentage = g.checkpoint_percentage,
    current_step = excluded.current_step,
    estimated_remaining = null,
    updated_at = excluded.updated_at,
    fencing_token = excluded.fencing_token,
    changed_at = excluded.changed_at
$$;

-- Returns the version of the newest migration, 14 digits. Called by the library's readyz, to compare with
-- SCHEMA_VERSION.
-- `make migration` writes the same version here, in shared/database/schema_version.py and in the new file's name.
create or replace function public.editai_schema_version()
returns text
language sql immutable security invoker set search_path = '' as $$
  select '20261130002805'
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
  v_started_at timestamptz := public.editai_clock();
  v_failed text[] := '{}';
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
    v_failed := v_failed || 'reclaim_leases'::text;
  end;
  begin
    perform public.editai_cleanup_uploads(50, 86400);
  exception when others then
    raise warning 'cleanup of uploads failed: %', sqlerrm;
    v_failed := v_failed || 'drop_uploads'::text;
  end;
  begin
    perform public.editai_cleanup_jobs(50, 86400 * coalesce(v_job_days::double precision, 90));
  exception when others then
    raise warning 'cleanup of jobs failed: %', sqlerrm;
    v_failed := v_failed || 'remove_jobs'::text;
  end;
  begin
    perform public.editai_expire_idempotency_keys(50, 86400 * coalesce(v_key_days::double precision, 7));
  exception when others then
    raise warning 'cleanup of idempotency keys failed: %', sqlerrm;
    v_failed := v_failed || 'expire_keys'::text;
  end;
  perform public.editai_record_cleanup(
    'pg_cron', extract(epoch from public.editai_clock() - v_started_at)::double precision, v_failed, '{}');
end
$$;

alter table public.editai_job_events
  add constraint editai_job_events_job_id_fkey foreign key (job_id) references public.editai_jobs(id) on delete cascade;

create view public.editai_ops_cleanup with (security_invoker=true) as  select runner,
    ended_at,
    duration_seconds,
    failed_steps,
    counts,
    completed_at,
    public.editai_clock() as read_at
   from public.editai_cleanup_runs r;

create view public.editai_ops_jobs with (security_invoker=true) as  select j.id,
    j.project_id,
    p.owner_id,
    j.kind,
    j.status,
    j.attempt,
    j.max_attempts,
    j.dispatches,
    j.created_at,
    j.started_at,
    j.finished_at,
    j.deadline_at,
    j.dispatch_due_at,
    j.error,
    j.row_number,
    l.holder,
    l.fencing_token,
    l.acquired_at,
    l.expires_at,
    l.stalled_at,
    g.percentage,
    g.current_step,
    g.updated_at as progress_at,
    coalesce(g.changed_at, g.updated_at) as changed_at,
    public.editai_clock() as read_at
   from (((public.editai_jobs j
     join public.editai_projects p on ((p.id = j.project_id)))
     left join public.editai_locks l on (((l.project_id = j.project_id) and (l.job_id = j.id))))
     left join public.editai_generation_progress g on (((g.project_id = j.project_id) and (j.status = any (array['queued'::text, 'running'::text])))));

create view public.editai_ops_leases with (security_invoker=true) as  select l.project_id,
    l.holder,
    l.fencing_token,
    l.acquired_at,
    l.expires_at,
    l.stalled_at,
    l.deadline_at,
    l.job_id,
    j.kind,
    j.status,
    public.editai_clock() as read_at
   from (public.editai_locks l
     left join public.editai_jobs j on ((j.id = l.job_id)));

create view public.editai_ops_queue with (security_invoker=true) as  select kind,
    count(*) filter (where (status = 'queued'::text)) as queued,
    count(*) filter (where (status = 'running'::text)) as running,
    min(created_at) filter (where (status = 'queued'::text)) as oldest_at,
    max(dispatches) filter (where (status = 'queued'::text)) as most_dispatches,
    public.editai_clock() as read_at
   from public.editai_jobs j
  where (status = any (array['queued'::text, 'running'::text]))
  group by kind;

create trigger editai_jobs_note_event
  after update of status, attempt on public.editai_jobs
  for each row
  when (((old.status is distinct from new.status) or (old.attempt is distinct from new.attempt)))
  execute function public.editai_note_job_event();

create policy editai_service_only on public.editai_cleanup_runs
  for all
  to service_role
  using (true)
  with check (true);

create policy editai_service_only on public.editai_drains
  for all
  to service_role
  using (true)
  with check (true);

create policy editai_service_only on public.editai_job_events
  for all
  to service_role
  using (true)
  with check (true);

-- Who may do what with tables and sequences; functions are restricted by restrict_functions.sql.
-- Supabase grants everything in schema public to all API roles by default, so everything is revoked first.
revoke all on
  public.editai_projects, public.editai_sources, public.editai_jobs, public.editai_clips, public.editai_export_presets,
  public.editai_exports, public.editai_locks, public.editai_generation_progress, public.editai_storage_garbage,
  public.editai_job_events, public.editai_cleanup_runs, public.editai_drains, public.editai_rates,
  public.editai_ops_jobs, public.editai_ops_leases, public.editai_ops_queue, public.editai_ops_cleanup
  from public, anon, authenticated, service_role;
revoke all on sequence
  public.editai_fencing_tokens, public.editai_row_numbers, public.editai_storage_garbage_id_seq
  from public, anon, authenticated, service_role;

-- Users read their own rows, which the policies select, so that supabase-js and Realtime work. anon reads nothing.
grant select on
  public.editai_projects, public.editai_sources, public.editai_jobs, public.editai_clips, public.editai_export_presets,
  public.editai_exports, public.editai_generation_progress
  to authenticated;
-- Users see which job holds a project and until when. They do not see lease_id, which is half of what proves that a
-- caller holds the lease, nor holder, which names the worker's host and process for operators.
grant select (project_id, fencing_token, job_id, acquired_at, expires_at, deadline_at, stalled_at)
  on public.editai_locks
  to authenticated;

-- The SQL functions run with the rights of their caller, the service role. It gets what they need and no more: an export
-- never changes. What follows a deleted project or clip is deleted by the foreign key, which needs no grant.
grant select, insert, update, delete on
  public.editai_projects, public.editai_sources, public.editai_jobs, public.editai_clips, public.editai_locks,
  public.editai_generation_progress
  to service_role;
grant select, insert, delete on public.editai_exports to service_role;
grant select, insert, delete on public.editai_storage_garbage to service_role;
grant select, insert, update on public.editai_rates to service_role;
grant select on public.editai_export_presets to service_role;
-- Nothing changes what has happened to a job; its rows are deleted with it.
grant select, insert on public.editai_job_events to service_role;
grant select, insert, update on public.editai_cleanup_runs to service_role;
grant select, insert, delete on public.editai_drains to service_role;
grant select on
  public.editai_ops_jobs, public.editai_ops_leases, public.editai_ops_queue, public.editai_ops_cleanup
  to service_role;
grant usage on sequence
  public.editai_fencing_tokens, public.editai_row_numbers, public.editai_storage_garbage_id_seq
  to service_role;

call public.editai_restrict_functions();

notify pgrst, 'reload schema';
