-- Limit what a user takes before a job exists, and let owners take turns with jobs.
-- Written by `make migration` from supabase/schemas, which says of each object what it is for.
-- Checksum of what follows, which shows changes by hand: 15a6575358b754fe

set lock_timeout = '5s';
set statement_timeout = '60s';

set local check_function_bodies = off;

-- A new signature: with `create or replace` there would be two functions that a call fits.
-- squawk-ignore ban-drop-function
drop function public.editai_announce_upload(text, text);

-- A new signature: with `create or replace` there would be two functions that a call fits.
-- squawk-ignore ban-drop-function
drop function public.editai_check_project(text, uuid, uuid, text, text, integer);

-- A new signature: with `create or replace` there would be two functions that a call fits.
-- squawk-ignore ban-drop-function
drop function public.editai_create_project(uuid, text, text);

-- A new signature: with `create or replace` there would be two functions that a call fits.
-- squawk-ignore ban-drop-function
drop function public.editai_create_source(text, uuid, uuid, text, text, text);

-- A new signature: with `create or replace` there would be two functions that a call fits.
-- squawk-ignore ban-drop-function
drop function public.editai_start_job(text, uuid, uuid, text, jsonb, uuid, text, double precision, double precision, integer, jsonb, uuid[], text, text, integer);

create table public.editai_rates (
  owner_id uuid                     not null,
  action   text                     not null,
  full_at  timestamp with time zone not null,
  constraint editai_rates_action_is_known check ((action = any (array['start'::text, 'probe'::text]))),
  constraint editai_rates_pkey primary key (owner_id, action)
);

alter table public.editai_rates
  enable row level security;

alter table public.editai_rates
  set (fillfactor=50);

alter table public.editai_jobs
  add column cost_seconds double precision;

alter table public.editai_jobs
  add column turn_at timestamp with time zone;

create type public.editai_rate as (
  action        text,
  maximum       integer,
  remaining     integer,
  wait_seconds  double precision,
  reset_seconds double precision
);

-- Announces a file that the library is about to store for an upload: it becomes garbage in one hour, unless a row
-- points at it by then. So a process that dies between storing the file and starting the job leaves no file behind.
-- Counts the probe of that file for its owner. If wait_seconds of the result is more than 0, the owner has had
-- p_max_probes_per_minute, and nothing is announced. The result is null without a limit.
create function public.editai_announce_upload(
  p_project_id text,
  p_storage_path text,
  p_owner_id uuid default null,
  p_max_probes_per_minute integer default null
) returns public.editai_rate
language plpgsql volatile security invoker set search_path = '' set lock_timeout = '2s' set statement_timeout = '8s' as $$
declare
  v_rate public.editai_rate := public.editai_take_rate(p_owner_id, 'probe', p_max_probes_per_minute);
begin
  if coalesce(v_rate.wait_seconds, 0) = 0 then
    insert into public.editai_storage_garbage (project_id, prefix, not_before)
    values (p_project_id, p_storage_path, public.editai_clock() + interval '1 hour');
  end if;
  return v_rate;
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
  p_max_probes_per_minute integer default null,
  out outcome text,
  out source public.editai_sources,
  out rate public.editai_rate
)
language plpgsql volatile security invoker set search_path = '' set lock_timeout = '2s' set statement_timeout = '8s' as $$
begin
  select s.* into source
  from public.editai_sources s join public.editai_projects p on p.id = s.project_id
  where s.id = p_source_id and (p_owner_id is null or p.owner_id = p_owner_id);
  if not found then
    outcome := 'source_not_found';
    return;
  end if;
  outcome := source.status;
  if outcome = 'pending' then
    rate := public.editai_take_rate(p_owner_id, 'probe', p_max_probes_per_minute);
    if rate.wait_seconds > 0 then
      outcome := 'too_many_probes';
    end if;
  end if;
end
$$;

-- Where an owner stands with an action, of which p_per_minute are allowed a minute, if the bucket is full at p_full_at. Null if
-- there is no limit: for a null owner, which is the service role, or a null p_per_minute.
-- The bucket holds p_per_minute: so many at once are allowed, and after them one each 60 / p_per_minute seconds. This is the
-- generic cell rate algorithm (ITU-T I.371). A bucket is never taken for emptier than empty, so a clock that goes back
-- costs an owner a minute at most. Called by rate and take_rate.
create function public.editai_bucket_rate(
  p_action text,
  p_per_minute integer,
  p_full_at timestamptz,
  p_now timestamptz
) returns public.editai_rate
language sql immutable security invoker set search_path = '' as $$
  select p_action, p_per_minute, floor(0.000001 + (60 - s.until_full) * p_per_minute / 60)::integer,
    case when s.until_full > 60 - 60.0 / p_per_minute + 0.000001
      then s.until_full - 60 + 60.0 / p_per_minute else 0 end,
    s.until_full
  from (
    select greatest(0, least(60, coalesce(extract(epoch from p_full_at - p_now)::double precision, 0))) as until_full
  ) s
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
  p_max_probes_per_minute integer default null,
  out outcome text,
  out job public.editai_jobs,
  out lease public.editai_locks,
  out rate public.editai_rate
)
language plpgsql volatile security invoker set search_path = '' set lock_timeout = '2s' set statement_timeout = '8s' as $$
begin
  if not exists (
    select 1 from public.editai_projects p
    where p.id = p_project_id and (p_owner_id is null or p.owner_id = p_owner_id)
  ) then
    outcome := 'project_not_found';
    return;
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
    return;
  end if;
  select * into lease from public.editai_current_lease(p_project_id);
  if lease.project_id is not null then
    select j.* into job from public.editai_jobs j where j.id = lease.job_id;
    if found then
      job.params := '{}';  -- private to the holder, and possibly large
    end if;
    outcome := 'busy';
    return;
  end if;
  if public.editai_has_too_many_jobs(p_owner_id, p_project_id, p_max_active_jobs) then
    outcome := 'too_many_jobs';
    return;
  end if;
  outcome := 'free';
  rate := public.editai_current_rate(p_owner_id, 'probe', p_max_probes_per_minute);
  if rate.wait_seconds > 0 then
    outcome := 'too_many_probes';
    return;
  end if;
  rate := public.editai_current_rate(p_owner_id, 'start', p_max_starts_per_minute);
  if rate.wait_seconds > 0 then
    outcome := 'too_many_starts';
  end if;
end
$$;

-- Creates a project. Returns nulls if the owner already has p_max_projects; null is no limit. Raises 23505 if p_project_id is
-- taken.
create function public.editai_create_project(
  p_owner_id uuid,
  p_name text,
  p_project_id text default null,
  p_max_projects integer default null
) returns public.editai_projects
language plpgsql volatile security invoker set search_path = '' set lock_timeout = '2s' set statement_timeout = '8s' as $$
declare
  v_project public.editai_projects;
begin
  if p_max_projects is not null then
    perform public.editai_lock_owner(p_owner_id);
    if p_max_projects <= (
      select count(*)
      from (select from public.editai_projects p where p.owner_id = p_owner_id limit p_max_projects) own
    ) then
      return null;
    end if;
  end if;
  insert into public.editai_projects (id, owner_id, name)
  values (coalesce(p_project_id, pg_catalog.gen_random_uuid()::text), p_owner_id, p_name)
  returning * into v_project;
  return v_project;
end
$$;

-- Records a source that will be uploaded straight to storage. Returns no row if there is no such project of the owner, or if
-- p_max_pending_sources of the projects of its owner are still waiting for their upload; null is no limit.
-- Locks the project's row, so it waits for a concurrent deletion of the project: a source that was added during the
-- deletion would disappear without its file becoming garbage.
create function public.editai_create_source(
  p_project_id text,
  p_owner_id uuid,
  p_source_id uuid,
  p_file_name text,
  p_storage_path text,
  p_content_type text,
  p_max_pending_sources integer default null
) returns setof public.editai_sources
language plpgsql volatile security invoker set search_path = '' set lock_timeout = '2s' set statement_timeout = '8s'
set plan_cache_mode = force_custom_plan as $$
declare
  v_owner_id uuid;
begin
  select p.owner_id into v_owner_id from public.editai_projects p
  where p.id = p_project_id and (p_owner_id is null or p.owner_id = p_owner_id)
  for no key update;
  if not found then
    return;
  end if;
  if p_max_pending_sources is not null then
    perform public.editai_lock_owner(v_owner_id);
    if p_max_pending_sources <= (
      select count(*)
      from public.editai_projects p
      join public.editai_sources s on s.project_id = p.id and s.status = 'pending'
      where p.owner_id = v_owner_id
    ) then
      return;
    end if;
  end if;
  return query
  insert into public.editai_sources (id, project_id, file_name, storage_path, content_type)
  values (p_source_id, p_project_id, p_file_name, p_storage_path, p_content_type)
  returning *;
end
$$;

-- Returns where an owner stands with an action; locks and writes nothing. Null if there is no limit, see editai_bucket_rate.
-- Called by check_project.
create function public.editai_current_rate(p_owner_id uuid, p_action text, p_per_minute integer) returns public.editai_rate
language sql volatile security invoker set search_path = '' as $$
  select (r.rate).*
  from (
    select public.editai_bucket_rate(
      p_action, p_per_minute,
      (select x.full_at from public.editai_rates x where x.owner_id = p_owner_id and x.action = p_action),
      public.editai_clock()) as rate
  ) r
  where p_owner_id is not null and p_per_minute is not null
$$;

-- Estimates the cost of a job, in seconds of video that it writes. A raw clips job also reads its whole source, five times as fast; a final
-- render encodes once and measures once. A job of a kind that is not known here counts as 120. Never more than 600: so long can a
-- heavy job be overtaken by lighter ones. Called by start_job.
-- p_input_seconds is the length of the source, or of the clip to render. A member of params that is missing counts as the API's
-- default.
create function public.editai_job_cost(p_kind text, p_params jsonb, p_input_seconds double precision)
returns double precision
language sql immutable security invoker set search_path = '' as $$
  select least(600, case
    when p_kind = 'final_render' then 2 * coalesce(p_input_seconds, 30)
    when p_kind in ('raw_clips', 'segment_clips') then
      coalesce((p_params ->> 'variant_count')::double precision, 1)
      * coalesce((p_params ->> 'target_duration')::double precision, 30)
      + case p_kind when 'raw_clips' then coalesce(p_input_seconds, 0) / 5 else 0 end
    else 120
  end)
$$;

-- Makes the calls of an owner that count what the owner has run one after the other, until the end of the transaction, so that
-- together they cannot pass a limit. Called by start_job, create_project and create_source, after the project's row lock
-- and before the lease's: a caller that holds it never waits for a project's row lock.
create function public.editai_lock_owner(p_owner_id uuid) returns void
language sql volatile security invoker set search_path = '' as $$
  select pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended('editai_owner ' || p_owner_id, 0))
$$;

-- Returns the job that a worker with a free slot is to claim, or null if there is none for it. A delivery is only a wake-up: it is
-- not said that the job which it names is run next. As each queued job has a delivery of its own, every job is run.
-- p_kinds are the kinds of job that the worker runs; null is all.
-- The order is turn_at, by which owners take turns (see start_job). p_job_id is the job that the delivery names; it is
-- returned, once, if it does not wait or is of another kind, so that claim_job says what became of it. p_tried are jobs that the worker could not claim.
-- For a worker's last slot of several (p_is_last_slot), a job that costs more than 60 s is passed over if its owner has a
-- running job: one owner's heavy jobs never hold all slots of a worker.
-- Locks nothing: if two workers are told of the same job, claim_job gives it to one, and the other asks again. Judges at most
-- the first 100 jobs that may run, which an index gives, however long the queue is.
create function public.editai_next_job(
  p_job_id uuid default null,
  p_kinds text[] default null,
  p_tried uuid[] default '{}',
  p_is_last_slot boolean default false
) returns uuid
language plpgsql volatile security invoker set search_path = '' set statement_timeout = '8s'
set plan_cache_mode = force_custom_plan as $$
declare
  v_now timestamptz := public.editai_clock();
  v_next uuid;
begin
  select q.id into v_next
  from (
    select j.* from public.editai_jobs j
    where j.status = 'queued' and j.deadline_at > v_now and j.attempt < j.max_attempts and j.id <> all (p_tried)
      and (p_kinds is null or j.kind = any (p_kinds))
    order by j.turn_at nulls first, j.row_number
    limit 100
  ) q
  where not (p_is_last_slot and q.cost_seconds > 60 and exists (
    select 1
    from public.editai_projects own
    join public.editai_projects p on p.owner_id = own.owner_id and p.status in ('generating', 'rendering')
    join public.editai_jobs r on r.project_id = p.id and r.status = 'running'
    where own.id = q.project_id))
  order by q.turn_at nulls first, q.row_number
  limit 1;
  if v_next is null and p_job_id <> all (p_tried) and not exists (
    select 1 from public.editai_jobs j
    where j.id = p_job_id and j.status = 'queued' and j.deadline_at > v_now and j.attempt < j.max_attempts
      and (p_kinds is null or j.kind = any (p_kinds))
  ) then
    return p_job_id;
  end if;
  return v_next;
end
$$;

-- Returns the version of the newest migration, 14 digits. Called by the library's readyz, to compare with
-- SCHEMA_VERSION.
-- `make migration` writes the same version here, in shared/database/schema_version.py and in the new file's name.
create or replace function public.editai_schema_version()
returns text
language sql immutable security invoker set search_path = '' as $$
  select '20261130000130'
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
  p_max_starts_per_minute integer default null,
  out outcome text,
  out job public.editai_jobs,
  out lease public.editai_locks,
  out superseded_job_id uuid,
  out rate public.editai_rate
)
language plpgsql volatile security invoker set search_path = '' set lock_timeout = '2s' set statement_timeout = '8s' as $$
declare
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
      return;
    end if;
    if i = 1 then
      if not public.editai_lock_project(p_project_id) then
        outcome := 'project_not_found';
        return;
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
    return;
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
    return;
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
end
$$;

-- Counts one action of an owner, unless the limit of p_per_minute is reached: then wait_seconds of the result says for how long,
-- and nothing is written. Otherwise the result is the state after it. Null if there is no limit, see editai_bucket_rate.
-- The row is locked until the end of the transaction, so simultaneous calls cannot pass the limit together, in whatever
-- instance they begin. It is the last lock that a transaction takes. Called by start_job, announce_upload and
-- begin_confirm.
create function public.editai_take_rate(p_owner_id uuid, p_action text, p_per_minute integer) returns public.editai_rate
language plpgsql volatile security invoker set search_path = '' as $$
declare
  v_full_at timestamptz;
  v_now timestamptz;
  v_rate public.editai_rate;
begin
  if p_owner_id is null or p_per_minute is null then
    return null;
  end if;
  insert into public.editai_rates (owner_id, action, full_at) values (p_owner_id, p_action, public.editai_clock())
  on conflict do nothing;
  select r.full_at into v_full_at from public.editai_rates r
  where r.owner_id = p_owner_id and r.action = p_action for update;
  v_now := public.editai_clock();
  v_rate := public.editai_bucket_rate(p_action, p_per_minute, v_full_at, v_now);
  if v_rate.wait_seconds = 0 then
    v_full_at := v_now + make_interval(secs => v_rate.reset_seconds + 60.0 / p_per_minute);
    update public.editai_rates r set full_at = v_full_at where r.owner_id = p_owner_id and r.action = p_action;
    v_rate := public.editai_bucket_rate(p_action, p_per_minute, v_full_at, v_now);
    v_rate.wait_seconds := 0;
  end if;
  return v_rate;
end
$$;

-- A transaction cannot build an index concurrently; statement_timeout limits how long writes wait.
-- squawk-ignore require-concurrent-index-creation
create index editai_jobs_in_turn on public.editai_jobs using btree (turn_at nulls first, row_number)
  where (status = 'queued'::text);

-- A transaction cannot build an index concurrently; statement_timeout limits how long writes wait.
-- squawk-ignore require-concurrent-index-creation
create index editai_sources_pending_by_project on public.editai_sources using btree (project_id)
  where (status = 'pending'::text);

create policy editai_service_only on public.editai_rates
  for all
  to service_role
  using (true)
  with check (true);

-- Who may do what with tables and sequences; functions are restricted by restrict_functions.sql.
-- Supabase grants everything in schema public to all API roles by default, so everything is revoked first.
revoke all on
  public.editai_projects, public.editai_sources, public.editai_jobs, public.editai_clips, public.editai_export_presets,
  public.editai_exports, public.editai_locks, public.editai_generation_progress, public.editai_storage_garbage,
  public.editai_rates
  from public, anon, authenticated, service_role;
revoke all on sequence
  public.editai_fencing_tokens, public.editai_row_numbers, public.editai_storage_garbage_id_seq
  from public, anon, authenticated, service_role;

-- Users read their own rows, which the policies select, so that supabase-js and Realtime work. anon reads nothing.
grant select on
  public.editai_projects, public.editai_sources, public.editai_jobs, public.editai_clips, public.editai_export_presets,
  public.editai_exports, public.editai_generation_progress
  to authenticated;
-- Users see who holds a project and until when, but not lease_id: it is half of what proves that a caller holds the
-- lease.
grant select (project_id, holder, fencing_token, job_id, acquired_at, expires_at, deadline_at, stalled_at)
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
grant usage on sequence
  public.editai_fencing_tokens, public.editai_row_numbers, public.editai_storage_garbage_id_seq
  to service_role;

call public.editai_restrict_functions();

notify pgrst, 'reload schema';
