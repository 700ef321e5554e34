-- A call that waited for a row which was deleted and created again went on without its lock, and could deadlock: check each lock.
-- Written by `make migration` from supabase/schemas, which says of each object what it is for.
-- Checksum of what follows, which shows changes by hand: b492b7da39fa74a5

set lock_timeout = '5s';
set statement_timeout = '60s';

set local check_function_bodies = off;

-- Takes the lease of a key for p_ttl_seconds. Any function may use it, with any key.
-- Returns granted and the lease: the caller's, or that of the current holder, which may be a queued job. A second call with the same
-- lease_id while the lease is live returns the same grant, so a call whose response was lost is safe to retry.
-- If it takes over the expired lease of a running job, or the project of a queued job that is past its deadline, that job
-- ends as failed (superseded). Raises 22023 for a bad time to
-- live.
create or replace function public.editai_acquire_lease(
  p_project_id text,
  p_lease_id uuid,
  p_holder text,
  p_ttl_seconds double precision,
  out granted boolean,
  out lease public.editai_locks
)
language plpgsql volatile security invoker set search_path = '' set lock_timeout = '2s' set statement_timeout = '8s' as $$
declare
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
      return;
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
end
$$;

-- Cancels the job that runs on a project: the job ends, progress and lease are deleted. Called by the library; the
-- worker learns of it from its next heartbeat.
-- Outcomes: cancelled (with the job; null if only a lease without a job was removed); idle (nothing was running);
-- project_not_found.
create or replace function public.editai_cancel_job(
  p_project_id text,
  p_owner_id uuid,
  out outcome text,
  out job public.editai_jobs
)
language plpgsql volatile security invoker set search_path = '' set lock_timeout = '2s' set statement_timeout = '8s' as $$
declare
  v_had_lease boolean;
begin
  perform 1 from public.editai_projects p
  where p.id = p_project_id and (p_owner_id is null or p.owner_id = p_owner_id) for no key update;
  if not found then
    outcome := 'project_not_found';
    return;
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
end
$$;

-- Gives a worker the job, its lease and what it needs to continue: the sources, and the clips recorded so far.
-- Dispatch is at least once, so the same job may be claimed at any time and any number of times.
-- The attempt's progress starts at 0 here. Otherwise a reader would see the percentage of the attempt before, which the
-- first heartbeat would then take back.
-- Outcomes:
--   claimed        the lease is the caller's; also when the call is repeated with the same p_lease_id
--   running        another worker has the job
--   ended          the job has ended: nothing to do
--   exhausted      no attempt or no time is left: the job has just been failed
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
    perform public.editai_begin_progress(job.project_id, 'Starting', lease.fencing_token);
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

-- Deletes a source; its file becomes garbage. Clips made from it stay.
-- Outcomes: deleted; busy (a job reads the file, or will; job and lease tell which); source_not_found.
create or replace function public.editai_delete_source(
  p_source_id uuid,
  p_owner_id uuid,
  out outcome text,
  out job public.editai_jobs,
  out lease public.editai_locks
)
language plpgsql volatile security invoker set search_path = '' set lock_timeout = '2s' set statement_timeout = '8s' as $$
declare
  v_source public.editai_sources;
  v_now timestamptz;
begin
  select s.* into v_source
  from public.editai_sources s join public.editai_projects p on p.id = s.project_id
  where s.id = p_source_id and (p_owner_id is null or p.owner_id = p_owner_id)
  for no key update of p;
  if not found then
    outcome := 'source_not_found';
    return;
  end if;
  perform 1 from public.editai_locks l where l.project_id = v_source.project_id for update;
  v_now := public.editai_clock();
  select * into lease from public.editai_current_lease(v_source.project_id);
  if lease.project_id is not null then
    select j.* into job from public.editai_jobs j where j.id = lease.job_id;
    outcome := 'busy';
    return;
  end if;
  delete from public.editai_sources s where s.id = p_source_id returning s.* into v_source;
  if not found then  -- another call has deleted it while this one waited for the project
    outcome := 'source_not_found';
    return;
  end if;
  insert into public.editai_storage_garbage (project_id, prefix, not_before)
  select v_source.project_id, v_source.storage_path, due.at
  from public.editai_source_removal_times(v_source, v_now) as due (at);
  outcome := 'deleted';
end
$$;

-- Ends a job as completed or failed: result, status, progress and release of the lease, in one transaction. Called by
-- the worker. p_export is the record of a final render.
-- Outcomes: finished (also when the same attempt repeats the call because its response was lost, and the job has ended
-- that way); cancelled or lost, and then nothing was written. Raises 22023 for another status.
create or replace function public.editai_finish_job(
  p_project_id text,
  p_job_id uuid,
  p_lease_id uuid,
  p_fencing_token bigint,
  p_status text,
  p_result jsonb default null,
  p_error jsonb default null,
  p_export jsonb default null
) returns text
language plpgsql volatile security invoker set search_path = '' set lock_timeout = '2s' set statement_timeout = '8s' as $$
begin
  if p_status is null or p_status not in ('completed', 'failed') then
    raise exception 'a job finishes as completed or failed, not as %', p_status using errcode = 'invalid_parameter_value';
  end if;
  if not public.editai_lock_project(p_project_id) then
    return public.editai_loss_reason(p_job_id);
  end if;
  if not public.editai_lock_job_lease(p_project_id, p_job_id, p_lease_id, p_fencing_token) then
    return case when exists (
      select 1 from public.editai_jobs j
      where j.id = p_job_id and j.status = p_status and j.fencing_token = p_fencing_token
        and j.error is not distinct from p_error
    ) then 'finished' else public.editai_loss_reason(p_job_id) end;
  end if;
  if p_export is not null then
    insert into public.editai_exports (
      project_id, clip_id, job_id, preset, options, storage_path, thumbnail_path,
      duration_seconds, size_bytes, width, height, frame_rate)
    select
      p_project_id, (select c.id from public.editai_clips c where c.id = e.clip_id and c.project_id = p_project_id),
      p_job_id, e.preset, e.options, e.storage_path, e.thumbnail_path,
      e.duration_seconds, e.size_bytes, e.width, e.height, e.frame_rate
    from jsonb_populate_record(null::public.editai_exports, p_export) e;
  end if;
  perform public.editai_end_job(p_job_id, p_status, p_result, p_error);
  delete from public.editai_locks l where l.project_id = p_project_id;
  return 'finished';
end
$$;

-- Locks a project's row until the end of the transaction. Returns false, and has locked nothing, if there is no such project.
-- Called by acquire_lease, start_job, claim_job and finish_job, before they touch the project's lease.
-- A row that was deleted and created again while the call waited for it is not found by the statement that waited. A caller
-- that went on without the lock could deadlock with one that has it, so the lock is tried again while a row exists.
create function public.editai_lock_project(p_project_id text) returns boolean
language plpgsql volatile security invoker set search_path = '' as $$
begin
  loop
    perform 1 from public.editai_projects p where p.id = p_project_id for no key update;
    if found then
      return true;
    elsif not exists (select 1 from public.editai_projects p where p.id = p_project_id) then
      return false;
    end if;
  end loop;
end
$$;

-- Returns the version of the newest migration, 14 digits. Called by the library's readyz, to compare with
-- SCHEMA_VERSION.
-- `make migration` writes the same version here, in shared/database/schema_version.py and in the new file's name.
create or replace function public.editai_schema_version()
returns text
language sql immutable security invoker set search_path = '' as $$
  select '20261129164155'
$$;

-- Starts a job on a project: lease, job, progress 0 and the project's status, in one transaction. Called by the
-- library.
-- p_source is a source that was uploaded with the request and is recorded together with the job; p_source_ids are
-- stored ones.
-- The lease is short and is for the dispatch only: the worker that claims the job replaces it. The job holds its project
-- beyond that lease, until it is claimed, cancelled or past its deadline. Cleanup dispatches it again if no worker has
-- claimed it within p_dispatch_ttl_seconds.
-- Outcomes: started; source_not_found (job is null); and those of editai_check_project except free. superseded_job_id
-- is a running job whose lease had expired, or a queued one past its deadline, which has just been failed; the caller
-- logs it, as nothing else does.
-- The advisory lock makes an owner's starts run one after the other, so that together they cannot pass
-- p_max_active_jobs. It is taken between the project's row lock and the lease's, and ends with the transaction.
-- Raises 22023 for a bad time to live or deadline, and 23514 or another constraint's error for values that do not fit.
create or replace function public.editai_start_job(
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
  out outcome text,
  out job public.editai_jobs,
  out lease public.editai_locks,
  out superseded_job_id uuid
)
language plpgsql volatile security invoker set search_path = '' set lock_timeout = '2s' set statement_timeout = '8s' as $$
declare
  v_check record;
  v_grant record;
  v_deadline_at timestamptz;
begin
  if p_deadline_seconds is null or p_deadline_seconds <= 0 then
    raise exception 'a deadline is more than 0 seconds ahead, not %', p_deadline_seconds
      using errcode = 'invalid_parameter_value';
  end if;
  -- Checked twice: without a lock, so that a conflict costs nothing; then under the lock, where the result stays true.
  for i in 1..2 loop
    select * into v_check from public.editai_check_project(
      p_project_id, p_owner_id, p_job_id, p_idempotency_key, p_request_hash, p_max_active_jobs);
    if v_check.outcome <> 'free' then
      outcome := v_check.outcome;
      job := v_check.job;
      lease := v_check.lease;
      return;
    end if;
    if i = 1 then
      if not public.editai_lock_project(p_project_id) then
        outcome := 'project_not_found';
        return;
      end if;
      if p_owner_id is not null and p_max_active_jobs is not null then
        perform pg_advisory_xact_lock(hashtextextended('editai_owner ' || p_owner_id, 0));
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
      duration_seconds, width, height, frame_rate, has_audio)
    select
      s.id, p_project_id, 'ready', s.file_name, s.storage_path, s.content_type, s.size_bytes,
      s.duration_seconds, s.width, s.height, s.frame_rate, s.has_audio
    from jsonb_populate_record(null::public.editai_sources, p_source) s;
  end if;
  insert into public.editai_jobs (
    id, project_id, kind, params, first_variant_number, max_attempts, deadline_at, idempotency_key, request_hash,
    dispatch_due_at)
  values (
    p_job_id, p_project_id, p_kind, p_params,
    (select coalesce(max(c.variant_number), 0) + 1 from public.editai_clips c where c.project_id = p_project_id),
    p_max_attempts, v_deadline_at, p_idempotency_key, p_request_hash,
    lease.acquired_at + public.editai_ttl(p_dispatch_ttl_seconds))
  returning * into job;
  perform public.editai_begin_progress(p_project_id, 'Queued', lease.fencing_token);
  update public.editai_projects p set
    status = case p_kind when 'final_render' then 'rendering' else 'generating' end,
    updated_at = public.editai_clock()
  where p.id = p_project_id;
  outcome := 'started';
end
$$;

call public.editai_restrict_functions();

notify pgrst, 'reload schema';
