-- Name the types of results, so that programs that generate types know them. In JSON they are the same objects.
-- Written by `make migration` from supabase/schemas, which says of each object what it is for.
-- Checksum of what follows, which shows changes by hand: 25e16d7c02dd6842

set lock_timeout = '5s';
set statement_timeout = '60s';

set local check_function_bodies = off;

-- A new signature: with `create or replace` there would be two functions that a call fits.
-- squawk-ignore ban-drop-function
drop function public.editai_acquire_lease(text, uuid, text, double precision);

-- A new signature: with `create or replace` there would be two functions that a call fits.
-- squawk-ignore ban-drop-function
drop function public.editai_begin_confirm(uuid, uuid, integer);

-- A new signature: with `create or replace` there would be two functions that a call fits.
-- squawk-ignore ban-drop-function
drop function public.editai_cancel_job(text, uuid);

-- A new signature: with `create or replace` there would be two functions that a call fits.
-- squawk-ignore ban-drop-function
drop function public.editai_check_project(text, uuid, uuid, text, text, integer, integer, integer);

-- A new signature: with `create or replace` there would be two functions that a call fits.
-- squawk-ignore ban-drop-function
drop function public.editai_claim_job(uuid, uuid, text, double precision);

-- A new signature: with `create or replace` there would be two functions that a call fits.
-- squawk-ignore ban-drop-function
drop function public.editai_delete_clip(uuid, uuid);

-- A new signature: with `create or replace` there would be two functions that a call fits.
-- squawk-ignore ban-drop-function
drop function public.editai_delete_project(text, uuid);

-- A new signature: with `create or replace` there would be two functions that a call fits.
-- squawk-ignore ban-drop-function
drop function public.editai_delete_source(uuid, uuid);

-- A new signature: with `create or replace` there would be two functions that a call fits.
-- squawk-ignore ban-drop-function
drop function public.editai_grant_lease(text, uuid, text, double precision, uuid, timestamp with time zone);

-- A new signature: with `create or replace` there would be two functions that a call fits.
-- squawk-ignore ban-drop-function
drop function public.editai_heartbeat(text, uuid, uuid, bigint, double precision, integer, text, integer);

-- A new signature: with `create or replace` there would be two functions that a call fits.
-- squawk-ignore ban-drop-function
drop function public.editai_lock_live_lease(text, uuid, bigint);

-- A new signature: with `create or replace` there would be two functions that a call fits.
-- squawk-ignore ban-drop-function
drop function public.editai_read_progress(text, uuid);

-- A new signature: with `create or replace` there would be two functions that a call fits.
-- squawk-ignore ban-drop-function
drop function public.editai_reclaim_lease(text, double precision);

-- A new signature: with `create or replace` there would be two functions that a call fits.
-- squawk-ignore ban-drop-function
drop function public.editai_record_clip(text, uuid, uuid, bigint, jsonb, integer);

-- A new signature: with `create or replace` there would be two functions that a call fits.
-- squawk-ignore ban-drop-function
drop function public.editai_renew_lease(text, uuid, bigint, double precision);

-- A new signature: with `create or replace` there would be two functions that a call fits.
-- squawk-ignore ban-drop-function
drop function public.editai_return_job(text, uuid, uuid, bigint, double precision);

-- A new signature: with `create or replace` there would be two functions that a call fits.
-- squawk-ignore ban-drop-function
drop function public.editai_start_job(text, uuid, uuid, text, jsonb, uuid, text, double precision, double precision, integer, jsonb, uuid[], text, text, integer, integer);

create type public.editai_clip_record as (
  outcome text,
  clip    public.editai_clips
);

create type public.editai_confirmation as (
  outcome text,
  source  public.editai_sources,
  rate    public.editai_rate
);

create type public.editai_deletion as (
  outcome text,
  job     public.editai_jobs,
  lease   public.editai_locks
);

create type public.editai_heartbeat_reply as (
  outcome    text,
  expires_at timestamp with time zone
);

create type public.editai_job_cancel as (
  outcome text,
  job     public.editai_jobs
);

create type public.editai_job_claim as (
  outcome text,
  job     public.editai_jobs,
  lease   public.editai_locks,
  sources public.editai_sources[],
  clips   public.editai_clips[]
);

create type public.editai_job_return as (
  outcome        text,
  dispatch_token bigint
);

create type public.editai_job_start as (
  outcome           text,
  job               public.editai_jobs,
  lease             public.editai_locks,
  superseded_job_id uuid,
  rate              public.editai_rate
);

create type public.editai_lease_check as (
  held       boolean,
  lease      public.editai_locks,
  checked_at timestamp with time zone
);

create type public.editai_lease_grant as (
  granted boolean,
  lease   public.editai_locks
);

create type public.editai_lease_renewal as (
  renewed    boolean,
  expires_at timestamp with time zone
);

create type public.editai_progress_report as (
  project_id          text,
  status              text,
  percentage          integer,
  current_step        text,
  estimated_remaining integer,
  updated_at          timestamp with time zone,
  stalled             boolean,
  outcome             text,
  job_id              uuid,
  job_kind            text,
  job_status          text,
  job_attempt         integer,
  job_error           jsonb,
  lease_expires_at    timestamp with time zone
);

create type public.editai_project_check as (
  outcome text,
  job     public.editai_jobs,
  lease   public.editai_locks,
  rate    public.editai_rate
);

create type public.editai_reclaimed as (
  job_id        uuid,
  fencing_token bigint,
  action        text,
  code          text
);

-- Takes the lease of a key for p_ttl_seconds. Any function may use it, with any key.
-- Returns granted and the lease: the caller's, or that of the current holder, which may be a queued job. A second call with the same
-- lease_id while the lease is live returns the same grant, so a call whose response was lost is safe to retry.
-- If it takes over the expired lease of a running job, or the project of a queued job that is past its deadline, that job
-- ends as failed (superseded). Raises 22023 for a bad time to
-- live.
create function public.editai_acquire_lease(
  p_project_id text,
  p_lease_id uuid,
  p_holder text,
  p_ttl_seconds double precision
) returns public.editai_lease_grant
language plpgsql volatile security invoker set search_path = '' set lock_timeout = '2s' set statement_timeout = '8s' as $$
declare
  granted boolean;
  lease public.editai_locks;
  v_grant record;
  v_is_project boolean;
begin
  perform public.editai_ttl(p_ttl_seconds);
  -- Checked twice: without a lock, so that a conflict only reads: no row lock, no dead row, no token used; then under the
  -- lock, where a job stays queued.
  for i in 1..2 loop
    select * into lease from public.editai_current_lease(p_project_id);
    if lease.project_id is not null then
      granted := lease.lease_id is not distinct from p_lease_id;
      return (granted, lease);
    end if;
    if i = 1 then
      v_is_project := public.editai_lock_project(p_project_id);
    end if;
  end loop;
  select * into v_grant
  from public.editai_grant_lease(p_project_id, p_lease_id, p_holder, p_ttl_seconds, null, null);
  granted := v_grant.granted;
  lease := v_grant.lease;
  if granted and v_is_project then
    perform public.editai_supersede_jobs(p_project_id);
  end if;
  return (granted, lease);
end
$$;

-- Returns the source that is to be confirmed, and counts the probe of its file for the owner. Called by the library before it
-- probes; editai_confirm_source stores what was found.
-- Outcomes:
--   pending           the file is to be probed; rate tells what is left of p_max_probes_per_minute
--   ready             the source was confirmed before: nothing to do, and nothing counted
--   too_many_probes   the owner has had p_max_probes_per_minute; wait_seconds of rate says for how long
--   source_not_found  there is no such source of the owner
create function public.editai_begin_confirm(
  p_source_id uuid,
  p_owner_id uuid,
  p_max_probes_per_minute integer default null
) returns public.editai_confirmation
language plpgsql volatile security invoker set search_path = '' set lock_timeout = '2s' set statement_timeout = '8s' as $$
declare
  outcome text;
  source public.editai_sources;
  rate public.editai_rate;
begin
  select s.* into source
  from public.editai_sources s join public.editai_projects p on p.id = s.project_id
  where s.id = p_source_id and (p_owner_id is null or p.owner_id = p_owner_id);
  if not found then
    outcome := 'source_not_found';
    return (outcome, source, rate);
  end if;
  outcome := source.status;
  if outcome = 'pending' then
    rate := public.editai_take_rate(p_owner_id, 'probe', p_max_probes_per_minute);
    if rate.wait_seconds > 0 then
      outcome := 'too_many_probes';
    end if;
  end if;
  return (outcome, source, rate);
end
$$;

-- Cancels the job that runs on a project: the job ends, progress and lease are deleted. Called by the library; the
-- worker learns of it from its next heartbeat.
-- Outcomes: cancelled (with the job; null if only a lease without a job was removed); idle (nothing was running);
-- project_not_found.
create function public.editai_cancel_job(
  p_project_id text,
  p_owner_id uuid
) returns public.editai_job_cancel
language plpgsql volatile security invoker set search_path = '' set lock_timeout = '2s' set statement_timeout = '8s' as $$
declare
  outcome text;
  job public.editai_jobs;
  v_had_lease boolean;
begin
  perform 1 from public.editai_projects p
  where p.id = p_project_id and (p_owner_id is null or p.owner_id = p_owner_id) for no key update;
  if not found then
    outcome := 'project_not_found';
    return (outcome, job);
  end if;
  delete from public.editai_locks l where l.project_id = p_project_id;
  v_had_lease := found;
  select j.* into job from public.editai_jobs j
  where j.project_id = p_project_id and j.status in ('queued', 'running') for update;
  if found then
    perform public.editai_end_job(job.id, 'cancelled', null, null);
    select j.* into job from public.editai_jobs j where j.id = job.id;
    outcome := 'cancelled';
  elsif v_had_lease then
    delete from public.editai_generation_progress g where g.project_id = p_project_id;
    outcome := 'cancelled';
  else
    outcome := 'idle';
  end if;
  return (outcome, job);
end
$$;

-- Tells whether a job could start now; locks and writes nothing. The library calls it before it reads an upload's body,
-- and start_job calls it first. A null owner is the service itself, which may use every project.
-- Outcomes:
--   free               a job could start
--   busy               a live lease or a queued job holds the project; job and lease tell whose
--   replayed           this idempotency key, or this job id, has already started a job; returned as job
--   key_reused         the idempotency key was used with another request
--   project_not_found  there is no such project of this owner
--   too_many_jobs      the owner has p_max_active_jobs on other projects, see editai_has_too_many_jobs
--   too_many_starts    the owner has started p_max_starts_per_minute jobs; wait_seconds of rate says for how long
--   too_many_probes    the owner has had p_max_probes_per_minute, which a caller passes that is going to probe a file
-- rate is where the owner stands with starts, or with probes where those are the reason; null without a limit.
create function public.editai_check_project(
  p_project_id text,
  p_owner_id uuid,
  p_job_id uuid default null,
  p_idempotency_key text default null,
  p_request_hash text default null,
  p_max_active_jobs integer default null,
  p_max_starts_per_minute integer default null,
  p_max_probes_per_minute integer default null
) returns public.editai_project_check
language plpgsql volatile security invoker set search_path = '' set lock_timeout = '2s' set statement_timeout = '8s' as $$
declare
  outcome text;
  job public.editai_jobs;
  lease public.editai_locks;
  rate public.editai_rate;
begin
  if not exists (
    select 1 from public.editai_projects p
    where p.id = p_project_id and (p_owner_id is null or p.owner_id = p_owner_id)
  ) then
    outcome := 'project_not_found';
    return (outcome, job, lease, rate);
  end if;
  if p_job_id is not null then
    select j.* into job from public.editai_jobs j where j.id = p_job_id and j.project_id = p_project_id;
  end if;
  if job.id is null and p_idempotency_key is not null then
    select j.* into job from public.editai_jobs j
    where j.project_id = p_project_id and j.idempotency_key = p_idempotency_key;
  end if;
  if job.id is not null then
    outcome := case
      when job.id = p_job_id or p_request_hash is null or job.request_hash = p_request_hash then 'replayed'
      else 'key_reused'
    end;
    return (outcome, job, lease, rate);
  end if;
  select * into lease from public.editai_current_lease(p_project_id);
  if lease.project_id is not null then
    select j.* into job from public.editai_jobs j where j.id = lease.job_id;
    if found then
      job.params := '{}';  -- private to the holder, and possibly large
    end if;
    outcome := 'busy';
    return (outcome, job, lease, rate);
  end if;
  if public.editai_has_too_many_jobs(p_owner_id, p_project_id, p_max_active_jobs) then
    outcome := 'too_many_jobs';
    return (outcome, job, lease, rate);
  end if;
  outcome := 'free';
  rate := public.editai_current_rate(p_owner_id, 'probe', p_max_probes_per_minute);
  if rate.wait_seconds > 0 then
    outcome := 'too_many_probes';
    return (outcome, job, lease, rate);
  end if;
  rate := public.editai_current_rate(p_owner_id, 'start', p_max_starts_per_minute);
  if rate.wait_seconds > 0 then
    outcome := 'too_many_starts';
  end if;
  return (outcome, job, lease, rate);
end
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
create function public.editai_claim_job(
  p_job_id uuid,
  p_lease_id uuid,
  p_holder text,
  p_ttl_seconds double precision
) returns public.editai_job_claim
language plpgsql volatile security invoker set search_path = '' set lock_timeout = '2s' set statement_timeout = '8s' as $$
declare
  outcome text;
  job public.editai_jobs;
  lease public.editai_locks;
  sources public.editai_sources[];
  clips public.editai_clips[];
  v_grant record;
  v_now timestamptz;
begin
  select j.* into job from public.editai_jobs j where j.id = p_job_id;
  if not found or not public.editai_lock_project(job.project_id) then
    job := null;  -- its project was deleted, and the job with it
    outcome := 'job_not_found';
    return (outcome, job, lease, sources, clips);
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
  return (outcome, job, lease, sources, clips);
end
$$;

-- Deletes a clip with its exports; their files become garbage.
-- Outcomes: deleted; busy (a job holds the project, and may be rendering the clip; job and lease tell which);
-- clip_not_found.
create function public.editai_delete_clip(
  p_clip_id uuid,
  p_owner_id uuid
) returns public.editai_deletion
language plpgsql volatile security invoker set search_path = '' set lock_timeout = '2s' set statement_timeout = '8s' as $$
declare
  outcome text;
  job public.editai_jobs;
  lease public.editai_locks;
  v_clip public.editai_clips;
  v_now timestamptz;
begin
  select c.* into v_clip
  from public.editai_clips c join public.editai_projects p on p.id = c.project_id
  where c.id = p_clip_id and (p_owner_id is null or p.owner_id = p_owner_id)
  for no key update of p;
  if not found then
    outcome := 'clip_not_found';
    return (outcome, job, lease);
  end if;
  perform 1 from public.editai_locks l where l.project_id = v_clip.project_id for update;
  v_now := public.editai_clock();
  select * into lease from public.editai_current_lease(v_clip.project_id);
  if lease.project_id is not null then
    select j.* into job from public.editai_jobs j where j.id = lease.job_id;
    outcome := 'busy';
    return (outcome, job, lease);
  end if;
  insert into public.editai_storage_garbage (project_id, prefix, not_before)
  select e.project_id, file.path, v_now
  from public.editai_exports e, lateral (values (e.storage_path), (e.thumbnail_path)) file (path)
  where e.clip_id = p_clip_id;
  delete from public.editai_clips c where c.id = p_clip_id;
  if not found then  -- another call has deleted it while this one waited for the project
    outcome := 'clip_not_found';
    return (outcome, job, lease);
  end if;
  insert into public.editai_storage_garbage (project_id, prefix, not_before)
  values (v_clip.project_id, v_clip.storage_path, v_now), (v_clip.project_id, v_clip.thumbnail_path, v_now);
  outcome := 'deleted';
  return (outcome, job, lease);
end
$$;

-- Deletes a project with all its rows; its files become garbage.
-- Outcomes: deleted; busy (job and lease tell who holds the project); project_not_found.
create function public.editai_delete_project(
  p_project_id text,
  p_owner_id uuid
) returns public.editai_deletion
language plpgsql volatile security invoker set search_path = '' set lock_timeout = '2s' set statement_timeout = '8s' as $$
declare
  outcome text;
  job public.editai_jobs;
  lease public.editai_locks;
  v_now timestamptz;
begin
  perform 1 from public.editai_projects p
  where p.id = p_project_id and (p_owner_id is null or p.owner_id = p_owner_id) for no key update;
  if not found then
    outcome := 'project_not_found';
    return (outcome, job, lease);
  end if;
  perform 1 from public.editai_locks l where l.project_id = p_project_id for update;
  v_now := public.editai_clock();
  select * into lease from public.editai_current_lease(p_project_id);
  if lease.project_id is not null then
    select j.* into job from public.editai_jobs j where j.id = lease.job_id;
    outcome := 'busy';
    return (outcome, job, lease);
  end if;
  -- By source and by job, not by the project's whole folder: a new project may get the same id at once.
  insert into public.editai_storage_garbage (project_id, prefix, not_before)
  select p_project_id, s.storage_path, due.at
  from public.editai_sources s, public.editai_source_removal_times(s, v_now + interval '5 minutes') as due (at)
  where s.project_id = p_project_id
  union all
  select p_project_id, p_project_id || '/jobs/' || j.id || '/', due.at
  from public.editai_jobs j, public.editai_job_removal_times(j, v_now + interval '5 minutes') as due (at)
  where j.project_id = p_project_id
  union all
  -- The job of a clip or an export may have been removed.
  select p_project_id, p_project_id || '/jobs/' || made.job_id || '/', v_now + interval '5 minutes'
  from (
    select c.job_id from public.editai_clips c where c.project_id = p_project_id
    union
    select e.job_id from public.editai_exports e where e.project_id = p_project_id
  ) made
  where not exists (select 1 from public.editai_jobs j where j.id = made.job_id);
  delete from public.editai_locks l where l.project_id = p_project_id;
  delete from public.editai_projects p where p.id = p_project_id;
  outcome := 'deleted';
  return (outcome, job, lease);
end
$$;

-- Deletes a source; its file becomes garbage. Clips made from it stay.
-- Outcomes: deleted; busy (a job reads the file, or will; job and lease tell which); source_not_found.
create function public.editai_delete_source(
  p_source_id uuid,
  p_owner_id uuid
) returns public.editai_deletion
language plpgsql volatile security invoker set search_path = '' set lock_timeout = '2s' set statement_timeout = '8s' as $$
declare
  outcome text;
  job public.editai_jobs;
  lease public.editai_locks;
  v_source public.editai_sources;
  v_now timestamptz;
begin
  select s.* into v_source
  from public.editai_sources s join public.editai_projects p on p.id = s.project_id
  where s.id = p_source_id and (p_owner_id is null or p.owner_id = p_owner_id)
  for no key update of p;
  if not found then
    outcome := 'source_not_found';
    return (outcome, job, lease);
  end if;
  perform 1 from public.editai_locks l where l.project_id = v_source.project_id for update;
  v_now := public.editai_clock();
  select * into lease from public.editai_current_lease(v_source.project_id);
  if lease.project_id is not null then
    select j.* into job from public.editai_jobs j where j.id = lease.job_id;
    outcome := 'busy';
    return (outcome, job, lease);
  end if;
  delete from public.editai_sources s where s.id = p_source_id returning s.* into v_source;
  if not found then  -- another call has deleted it while this one waited for the project
    outcome := 'source_not_found';
    return (outcome, job, lease);
  end if;
  insert into public.editai_storage_garbage (project_id, prefix, not_before)
  select v_source.project_id, v_source.storage_path, due.at
  from public.editai_source_removal_times(v_source, v_now) as due (at);
  outcome := 'deleted';
  return (outcome, job, lease);
end
$$;

-- Gives the lease of a key to the caller, unless another live lease exists. Returns granted, and the lease that is now
-- stored.
-- Called by acquire_lease, start_job, claim_job and requeue_job. If the key is a project's id, the caller holds the
-- project's row lock.
-- A free key first gets an expired row, for two reasons: free and expired keys then take the same path, and the token
-- is drawn while the row is locked, so tokens rise in the order of commits.
create function public.editai_grant_lease(
  p_project_id text,
  p_lease_id uuid,
  p_holder text,
  p_ttl_seconds double precision,
  p_job_id uuid,
  p_deadline_at timestamptz
) returns public.editai_lease_grant
language plpgsql volatile security invoker set search_path = '' as $$
declare
  granted boolean;
  lease public.editai_locks;
  v_now timestamptz;
begin
  loop
    insert into public.editai_locks (project_id, lease_id, holder, fencing_token, acquired_at, expires_at)
    values (p_project_id, p_lease_id, p_holder, 0, '-infinity', '-infinity')
    on conflict do nothing;
    select l.* into lease from public.editai_locks l where l.project_id = p_project_id for update;
    exit when found;  -- otherwise the conflicting row was released in between: try again
  end loop;
  v_now := public.editai_clock();
  if lease.expires_at > v_now then
    granted := lease.lease_id is not distinct from p_lease_id;
    return (granted, lease);
  end if;
  update public.editai_locks l set
    lease_id = p_lease_id,
    holder = p_holder,
    fencing_token = nextval('public.editai_fencing_tokens'),
    job_id = p_job_id,
    acquired_at = v_now,
    expires_at = least(v_now + public.editai_ttl(p_ttl_seconds), p_deadline_at),
    deadline_at = p_deadline_at,
    stalled_at = v_now + public.editai_ttl(p_ttl_seconds) * 2 / 3
  where l.project_id = p_project_id
  returning l.* into lease;
  granted := true;
  return (granted, lease);
end
$$;

-- Renews a job's lease and writes its progress, in one call about once a second; tells the worker whether to continue.
-- Without p_percentage it only renews the lease. Within one attempt the percentage never goes down.
-- Outcomes: held (with the lease's new end); cancelled or lost, and then nothing was written.
-- Raises 22023 for a bad time to live.
create function public.editai_heartbeat(
  p_project_id text,
  p_job_id uuid,
  p_lease_id uuid,
  p_fencing_token bigint,
  p_ttl_seconds double precision,
  p_percentage integer default null,
  p_current_step text default '',
  p_estimated_remaining integer default null
) returns public.editai_heartbeat_reply
language plpgsql volatile security invoker set search_path = '' set lock_timeout = '2s' set statement_timeout = '8s' as $$
declare
  outcome text;
  expires_at timestamptz;
  v_renewal record;
begin
  select * into v_renewal
  from public.editai_renew_lease(p_project_id, p_lease_id, p_fencing_token, p_ttl_seconds);
  if not v_renewal.renewed then
    outcome := public.editai_loss_reason(p_job_id);
    return (outcome, expires_at);
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
  return (outcome, expires_at);
end
$$;

-- Locks the lease's row until the end of the transaction and tells whether the caller's lease is live.
-- Every write that must be fenced calls it first; the row lock keeps the result true until that write is committed.
-- Returns held, the lease's row, and checked_at: the clock's time after the lock was taken, by which held was decided.
create function public.editai_lock_live_lease(
  p_project_id text,
  p_lease_id uuid,
  p_fencing_token bigint
) returns public.editai_lease_check
language plpgsql volatile security invoker set search_path = '' as $$
declare
  held boolean;
  lease public.editai_locks;
  checked_at timestamptz;
begin
  select l.* into lease from public.editai_locks l where l.project_id = p_project_id for update;
  checked_at := public.editai_clock();
  held := coalesce(
    lease.lease_id = p_lease_id and lease.fencing_token = p_fencing_token and lease.expires_at > checked_at, false);
  return (held, lease, checked_at);
end
$$;

-- Returns a project's progress and what explains it: status, newest job, lease. Called by the library. Returns no row
-- if there is no such project of the owner.
-- The progress is that of the newest job, and tells what was measured:
--   no job                0, no step; or what the last job left, if cleanup has removed its row since
--   queued                0, or what the attempt before reached; no estimate, because no worker runs it
--   running               what its worker wrote last, at most 99. stalled: the worker has missed two heartbeats, or its
--                         lease has expired, and the job was not taken over yet; then there is no estimate either
--   completed             100, and only then
--   failed                what was reached, at most 99
--   cancelled             0, no step: a cancel removes the progress
-- outcome is how the newest job ended; null while it is active, or if there is none.
-- updated_at is when the newest job ended, or progress was last written, or the project changed.
-- A queued job is never stalled: it holds its project until its deadline, which is therefore its lease_expires_at, and is
-- dispatched again.
create function public.editai_read_progress(p_project_id text, p_owner_id uuid)
returns setof public.editai_progress_report
language sql volatile security invoker set search_path = '' set statement_timeout = '8s' as $$
  select
    p.id,
    p.status,
    case
      when j.status = 'completed' then 100
      when j.status = 'cancelled' then 0
      when j.id is null then coalesce(g.percentage, 0)
      else least(coalesce(g.percentage, 0), 99)
    end,
    case
      when j.status = 'completed' then 'Completed'
      when j.status = 'cancelled' then ''
      else coalesce(g.current_step, '')
    end,
    case
      when j.status = 'completed' then 0
      when j.id is null or j.status = 'running' and not s.stalled then g.estimated_remaining
    end,
    coalesce(j.finished_at, g.updated_at, p.updated_at),
    s.stalled,
    case when j.finished_at is not null then j.status end,
    j.id,
    j.kind,
    j.status,
    j.attempt,
    j.error,
    case j.status when 'queued' then j.deadline_at else l.expires_at end
  from public.editai_projects p
  left join public.editai_generation_progress g on g.project_id = p.id
  left join public.editai_locks l on l.project_id = p.id
  left join lateral (
    select * from public.editai_jobs j where j.project_id = p.id order by j.row_number desc, j.created_at desc limit 1
  ) j on true
  cross join lateral (
    select p.status in ('generating', 'rendering') and j.status is distinct from 'queued'
      and coalesce(least(l.stalled_at, l.expires_at) <= public.editai_clock(), true) as stalled
  ) s
  where p.id = p_project_id and (p_owner_id is null or p.owner_id = p_owner_id)
$$;

-- Puts right one project, or another key, whose lease or queued job is due. Called by cleanup_leases, which says what is due
-- and describes the results. action is null if there is nothing to do: another transaction has locked a row, or a renewal
-- or a claim has come first. So the rows are judged after they are locked.
create function public.editai_reclaim_lease(
  p_project_id text,
  p_dispatch_ttl_seconds double precision
) returns public.editai_reclaimed
language plpgsql volatile security invoker set search_path = '' as $$
declare
  job_id uuid;
  fencing_token bigint;
  action text;
  code text;
  v_now timestamptz;
  v_is_project boolean;
  v_lease public.editai_locks;
  v_job public.editai_jobs;
begin
  -- A row that exists and was not locked is in use by another transaction. A key that is not a project has no project row.
  perform 1 from public.editai_projects p where p.id = p_project_id for no key update skip locked;
  v_is_project := found;
  if not found and exists (select 1 from public.editai_projects p where p.id = p_project_id) then
    return (job_id, fencing_token, action, code);
  end if;
  select l.* into v_lease from public.editai_locks l where l.project_id = p_project_id for update skip locked;
  if not found and exists (select 1 from public.editai_locks l where l.project_id = p_project_id) then
    return (job_id, fencing_token, action, code);
  end if;
  select j.* into v_job from public.editai_jobs j
  where v_is_project and j.project_id = p_project_id and j.status in ('queued', 'running') for update skip locked;
  if not found and exists (
    select 1 from public.editai_jobs j where j.project_id = p_project_id and j.status in ('queued', 'running')
  ) then
    return (job_id, fencing_token, action, code);
  end if;

  v_now := public.editai_clock();
  if v_job.id is null and v_lease.project_id is null then
    return (job_id, fencing_token, action, code);
  elsif v_job.status = 'queued' and v_job.dispatch_due_at > v_now and v_job.deadline_at > v_now then
    return (job_id, fencing_token, action, code);
  elsif v_lease.expires_at > v_now and (v_job.status is distinct from 'queued' or v_lease.job_id is distinct from v_job.id) then
    return (job_id, fencing_token, action, code);
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
  return (job_id, fencing_token, action, code);
end
$$;

-- Records a finished clip: the checkpoint after which the next attempt continues. Called by the worker.
-- p_clip has the columns of editai_clips that describe the file and its variant. p_percentage is the job's progress with
-- this clip: it is shown at once, and the next attempt begins there.
-- Outcomes: recorded (with the clip; a repeated call returns the clip that was recorded first); cancelled or lost, and
-- then nothing was written. Raises 23505 if the variant number belongs to another job.
create function public.editai_record_clip(
  p_project_id text,
  p_job_id uuid,
  p_lease_id uuid,
  p_fencing_token bigint,
  p_clip jsonb,
  p_percentage integer default null
) returns public.editai_clip_record
language plpgsql volatile security invoker set search_path = '' set lock_timeout = '2s' set statement_timeout = '8s' as $$
declare
  outcome text;
  clip public.editai_clips;
begin
  if not public.editai_lock_job_lease(p_project_id, p_job_id, p_lease_id, p_fencing_token) then
    outcome := public.editai_loss_reason(p_job_id);
    return (outcome, clip);
  end if;
  insert into public.editai_clips (
    project_id, job_id, variant_number, variant_name, storage_path, thumbnail_path,
    duration_seconds, size_bytes, width, height, frame_rate, segments)
  select
    p_project_id, p_job_id, c.variant_number, c.variant_name, c.storage_path, c.thumbnail_path,
    c.duration_seconds, c.size_bytes, c.width, c.height, c.frame_rate, c.segments
  from jsonb_populate_record(null::public.editai_clips, p_clip) c
  on conflict on constraint editai_clips_one_per_variant do nothing;
  select c.* into clip from public.editai_clips c
  where c.project_id = p_project_id and c.job_id = p_job_id and c.variant_number = (p_clip ->> 'variant_number')::integer;
  if not found then
    raise exception 'variant % of this project is another job''s', p_clip ->> 'variant_number'
      using errcode = 'unique_violation';
  end if;
  update public.editai_generation_progress g set
    percentage = greatest(g.percentage, p_percentage),
    checkpoint_percentage = greatest(g.checkpoint_percentage, p_percentage),
    updated_at = public.editai_clock()
  where g.project_id = p_project_id and g.fencing_token = p_fencing_token and p_percentage > g.checkpoint_percentage;
  outcome := 'recorded';
  return (outcome, clip);
end
$$;

-- Moves the end of a live lease to p_ttl_seconds from now, but never past its deadline.
-- Called by heartbeat, and by any holder of a lease that is not a job's. Raises 22023 for a bad time to live.
-- Returns renewed and the new end. renewed is false, and nothing changes, if the lease has expired or is not the
-- caller's.
create function public.editai_renew_lease(
  p_project_id text,
  p_lease_id uuid,
  p_fencing_token bigint,
  p_ttl_seconds double precision
) returns public.editai_lease_renewal
language plpgsql volatile security invoker set search_path = '' set lock_timeout = '2s' set statement_timeout = '8s' as $$
declare
  renewed boolean;
  expires_at timestamptz;
  v_check record;
begin
  select * into v_check from public.editai_lock_live_lease(p_project_id, p_lease_id, p_fencing_token);
  renewed := v_check.held;
  if not renewed then
    return (renewed, expires_at);
  end if;
  update public.editai_locks l set
    expires_at = least(v_check.checked_at + public.editai_ttl(p_ttl_seconds), l.deadline_at),
    stalled_at = v_check.checked_at + public.editai_ttl(p_ttl_seconds) * 2 / 3
  where l.project_id = p_project_id
  returning l.expires_at into expires_at;
  return (renewed, expires_at);
end
$$;

-- Gives a job back before its worker stops, so that another worker goes on at once: the job is queued again under a new
-- dispatch lease, and its attempt does not count. Called by a worker that was told to stop.
-- Its progress stays as it is until the next claim. The files of the attempt that no row points at are removed by cleanup.
-- Outcomes:
--   returned   the job is queued, to be dispatched by the caller; dispatch_token is the fencing token of the dispatch lease.
--              Also when the call is repeated because its response was lost, or when cleanup has queued this attempt's job
--   cancelled  the user cancelled the job; nothing was written
--   lost       the lease has expired or has another holder; nothing was written
-- Raises 22023 for a bad time to live.
create function public.editai_return_job(
  p_project_id text,
  p_job_id uuid,
  p_lease_id uuid,
  p_fencing_token bigint,
  p_dispatch_ttl_seconds double precision
) returns public.editai_job_return
language plpgsql volatile security invoker set search_path = '' set lock_timeout = '2s' set statement_timeout = '8s' as $$
declare
  outcome text;
  dispatch_token bigint;
  v_job public.editai_jobs;
begin
  if not public.editai_lock_project(p_project_id) then
    outcome := public.editai_loss_reason(p_job_id);
    return (outcome, dispatch_token);
  end if;
  if not public.editai_lock_job_lease(p_project_id, p_job_id, p_lease_id, p_fencing_token) then
    select l.fencing_token into dispatch_token
    from public.editai_jobs j
    join public.editai_locks l on l.project_id = j.project_id and l.job_id = j.id
    where j.id = p_job_id and j.status = 'queued' and j.fencing_token = p_fencing_token;
    outcome := case when found then 'returned' else public.editai_loss_reason(p_job_id) end;
    return (outcome, dispatch_token);
  end if;
  update public.editai_jobs j set attempt = greatest(j.attempt - 1, 0) where j.id = p_job_id returning j.* into v_job;
  dispatch_token := public.editai_requeue_job(v_job, p_dispatch_ttl_seconds);
  perform public.editai_discard_outputs(p_project_id, p_job_id, p_fencing_token);
  outcome := 'returned';
  return (outcome, dispatch_token);
end
$$;

-- Returns the version of the newest migration, 14 digits. Called by the library's readyz, to compare with
-- SCHEMA_VERSION.
-- `make migration` writes the same version here, in shared/database/schema_version.py and in the new file's name.
create or replace function public.editai_schema_version()
returns text
language sql immutable security invoker set search_path = '' as $$
  select '20261130003736'
$$;

-- Starts a job on a project: lease, job, progress 0 and the project's status, in one transaction. Called by the
-- library.
-- p_source is a source that was uploaded with the request and is recorded together with the job; p_source_ids are
-- stored ones.
-- The lease is short and is for the dispatch only: the worker that claims the job replaces it. The job holds its project
-- beyond that lease, until it is claimed, cancelled or past its deadline. Cleanup dispatches it again if no worker has
-- claimed it within p_dispatch_ttl_seconds.
-- Owners take turns: a job's turn is its cost after now, or after the last turn of its owner's active jobs, whichever is later. So
-- an owner's jobs follow one another at the distance of their costs, and the jobs of others come in between; a light job
-- overtakes heavier ones that were started at most their cost before it. No job is overtaken by one that starts
-- after its turn, so none waits for ever. This is fair queuing by virtual finish times (Demers, Keshav and Shenker, 1989),
-- whose virtual time is the clock.
-- Outcomes: started; source_not_found (job is null); and those of editai_check_project except free. superseded_job_id
-- is a running job whose lease had expired, or a queued one past its deadline, which has just been failed; the caller
-- logs it, as nothing else does.
-- An owner's starts run one after the other (editai_lock_owner), so that together they cannot pass p_max_active_jobs or
-- p_max_starts_per_minute. A start that is refused does not count for the latter; rate is the state after one that is not.
-- Raises 22023 for a bad time to live or deadline, and 23514 or another constraint's error for values that do not fit.
create function public.editai_start_job(
  p_project_id text,
  p_owner_id uuid,
  p_job_id uuid,
  p_kind text,
  p_params jsonb,
  p_lease_id uuid,
  p_holder text,
  p_dispatch_ttl_seconds double precision,
  p_deadline_seconds double precision,
  p_max_attempts integer,
  p_source jsonb default null,
  p_source_ids uuid[] default '{}',
  p_idempotency_key text default null,
  p_request_hash text default null,
  p_max_active_jobs integer default null,
  p_max_starts_per_minute integer default null
) returns public.editai_job_start
language plpgsql volatile security invoker set search_path = '' set lock_timeout = '2s' set statement_timeout = '8s' as $$
declare
  outcome text;
  job public.editai_jobs;
  lease public.editai_locks;
  superseded_job_id uuid;
  rate public.editai_rate;
  v_check record;
  v_grant record;
  v_deadline_at timestamptz;
  v_cost_seconds double precision;
begin
  if p_deadline_seconds is null or p_deadline_seconds <= 0 then
    raise exception 'a deadline is more than 0 seconds ahead, not %', p_deadline_seconds
      using errcode = 'invalid_parameter_value';
  end if;
  -- Checked twice: without a lock, so that a conflict costs nothing; then under the lock, where the result stays true.
  for i in 1..2 loop
    select * into v_check from public.editai_check_project(
      p_project_id, p_owner_id, p_job_id, p_idempotency_key, p_request_hash, p_max_active_jobs,
      p_max_starts_per_minute);
    if v_check.outcome <> 'free' then
      outcome := v_check.outcome;
      job := v_check.job;
      lease := v_check.lease;
      rate := v_check.rate;
      return (outcome, job, lease, superseded_job_id, rate);
    end if;
    if i = 1 then
      if not public.editai_lock_project(p_project_id) then
        outcome := 'project_not_found';
        return (outcome, job, lease, superseded_job_id, rate);
      end if;
      if p_owner_id is not null and coalesce(p_max_active_jobs, p_max_starts_per_minute) is not null then
        perform public.editai_lock_owner(p_owner_id);
      end if;
    end if;
  end loop;

  if (select count(*) from public.editai_sources s
      where s.id = any (p_source_ids) and s.project_id = p_project_id and s.status = 'ready')
     <> (select count(distinct id) from unnest(p_source_ids) as id) then
    outcome := 'source_not_found';
    return (outcome, job, lease, superseded_job_id, rate);
  end if;

  v_deadline_at := public.editai_clock() + make_interval(secs => p_deadline_seconds);
  select * into v_grant from public.editai_grant_lease(
    p_project_id, p_lease_id, p_holder, p_dispatch_ttl_seconds, p_job_id, v_deadline_at);
  lease := v_grant.lease;
  if not v_grant.granted then
    select j.* into job from public.editai_jobs j where j.id = lease.job_id;
    if found then
      job.params := '{}';  -- private to the holder, and possibly large
    end if;
    outcome := 'busy';
    return (outcome, job, lease, superseded_job_id, rate);
  end if;
  select j.id into superseded_job_id from public.editai_jobs j
  where j.project_id = p_project_id and j.status in ('queued', 'running');
  perform public.editai_supersede_jobs(p_project_id);

  if p_source is not null then
    insert into public.editai_sources (
      id, project_id, status, file_name, storage_path, content_type, size_bytes,
      duration_seconds, width, height, frame_rate, has_audio, audio_tracks)
    select
      s.id, p_project_id, 'ready', s.file_name, s.storage_path, s.content_type, s.size_bytes,
      s.duration_seconds, s.width, s.height, s.frame_rate, s.has_audio, s.audio_tracks
    from jsonb_populate_record(null::public.editai_sources, p_source) s;
  end if;
  v_cost_seconds := public.editai_job_cost(p_kind, p_params, coalesce(
    (p_source ->> 'duration_seconds')::double precision,
    (select sum(s.duration_seconds) from public.editai_sources s where s.id = any (p_source_ids)),
    (select c.duration_seconds from public.editai_clips c
     where p_kind = 'final_render' and c.id = (p_params ->> 'clip_id')::uuid)));
  insert into public.editai_jobs (
    id, project_id, kind, params, first_variant_number, max_attempts, deadline_at, idempotency_key, request_hash,
    dispatch_due_at, cost_seconds, turn_at)
  values (
    p_job_id, p_project_id, p_kind, p_params,
    (select coalesce(max(c.variant_number), 0) + 1 from public.editai_clips c where c.project_id = p_project_id),
    p_max_attempts, v_deadline_at, p_idempotency_key, p_request_hash,
    lease.acquired_at + public.editai_ttl(p_dispatch_ttl_seconds),
    v_cost_seconds,
    greatest(lease.acquired_at, (
      select max(j.turn_at)
      from public.editai_projects own
      join public.editai_projects p on p.owner_id = own.owner_id and p.status in ('generating', 'rendering')
      join public.editai_jobs j on j.project_id = p.id and j.status in ('queued', 'running')
      where own.id = p_project_id
    )) + make_interval(secs => v_cost_seconds))
  returning * into job;
  perform public.editai_begin_progress(p_project_id, 'Queued', lease.fencing_token);
  update public.editai_projects p set
    status = case p_kind when 'final_render' then 'rendering' else 'generating' end,
    updated_at = public.editai_clock()
  where p.id = p_project_id;
  rate := public.editai_take_rate(p_owner_id, 'start', p_max_starts_per_minute);
  outcome := 'started';
  return (outcome, job, lease, superseded_job_id, rate);
end
$$;

call public.editai_restrict_functions();

notify pgrst, 'reload schema';
