-- Jobs: the work done under a project's lease, from the request that starts it to its end.
--
--   start_job      lease (short, for the dispatch) + job queued + progress 0
--   claim_job      a worker takes the lease over: a new token, job running, attempt + 1, its progress 0
--   heartbeat      lease renewed + progress; tells the worker whether it still holds the project
--   record_clip    a checkpoint: the next attempt goes on after it
--   finish_job     result + status + progress 100 + lease released
--   cancel_job     status + progress and lease removed
--
-- Each is one transaction: it happens whole or not at all. What another caller may have done meanwhile comes back as an
-- outcome; an exception means a fault.

set lock_timeout = '5s';
set statement_timeout = '60s';

-- When to remove the files of a job that has ended: at p_at, and once more when no attempt can be at work any more. A worker
-- that was stopped meanwhile may wake up, store a file and die before it can give its files up.
create function public.editai_job_removals(p_job public.editai_jobs, p_at timestamptz) returns setof timestamptz
language sql immutable security invoker set search_path = '' as $$
  select p_at
  union all
  select p_job.deadline_at + interval '1 hour' where p_job.deadline_at + interval '1 hour' > p_at
$$;

-- Ends an active job and brings its project, its progress and its files into line. Nothing happens to an ended job.
-- The text of a render's subtitles goes with the end: it may be long, and jobs are kept.
-- The caller holds the project's row lock and has made the lease its own, or removes it.
create function public.editai_end_job(p_job_id uuid, p_status text, p_result jsonb, p_error jsonb) returns void
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
    params = j.params #- '{options,subtitles,srt}'
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
  -- A single attempt that completed leaves nothing behind; any other end may.
  if p_status <> 'completed' or v_job.attempt > 1 then
    insert into public.editai_storage_garbage (project_id, prefix, not_before)
    select v_job.project_id, v_job.project_id || '/jobs/' || v_job.id || '/', due.at
    from public.editai_job_removals(v_job, v_now + interval '5 minutes') as due (at);
  end if;
end
$$;

-- Ends the jobs whose lease has just been taken over by someone who does not go on with them.
-- The caller holds the project's row lock and its lease.
create function public.editai_supersede_jobs(p_project_id text) returns void
language sql volatile security invoker set search_path = '' as $$
  select public.editai_end_job(
    j.id, 'failed', null,
    jsonb_build_object('code', 'superseded', 'detail', 'The job stopped responding and another one took the project.'))
  from public.editai_jobs j
  where j.project_id = p_project_id and j.status in ('queued', 'running')
$$;

-- Puts a project's progress at 0 for whoever has just been granted the lease with this token.
create function public.editai_begin_progress(p_project_id text, p_current_step text, p_fencing_token bigint) returns void
language sql volatile security invoker set search_path = '' as $$
  insert into public.editai_generation_progress as g (project_id, current_step, updated_at, fencing_token)
  values (p_project_id, p_current_step, public.editai_clock(), p_fencing_token)
  on conflict (project_id) do update set
    percentage = 0,
    current_step = excluded.current_step,
    estimated_remaining = null,
    updated_at = excluded.updated_at,
    fencing_token = excluded.fencing_token
$$;

-- Whether an owner has p_max_active_jobs jobs, or more, queued or running on other projects than p_project_id: a job that is
-- active there gives way to the one that starts. No limit for a null owner, or without p_max_active_jobs.
-- A project with an active job is generating or rendering, so an index finds the few that matter among all of an owner's.
create function public.editai_has_too_many_jobs(p_owner_id uuid, p_project_id text, p_max_active_jobs integer)
returns boolean
language sql stable security invoker set search_path = '' as $$
  select p_owner_id is not null and p_max_active_jobs is not null and p_max_active_jobs <= (
    select count(*)
    from public.editai_projects p
    join public.editai_jobs j on j.project_id = p.id and j.status in ('queued', 'running')
    where p.owner_id = p_owner_id and p.id <> p_project_id and p.status in ('generating', 'rendering')
  )
$$;

-- Looks whether a job could start now, without locking or writing anything: before an upload's body is read, and as the
-- first step of editai_start_job. A null owner stands for the service itself, which may touch every project.
-- Outcomes: free; busy (job and lease: who holds it); replayed (job: what this idempotency key, or this very job id,
-- started before); key_reused (that key was sent with another request); project_not_found; too_many_jobs (the owner has
-- p_max_active_jobs on other projects, see editai_has_too_many_jobs).
create function public.editai_check_project(
  p_project_id text,
  p_owner_id uuid,
  p_job_id uuid default null,
  p_idempotency_key text default null,
  p_request_hash text default null,
  p_max_active_jobs integer default null,
  out outcome text,
  out job public.editai_jobs,
  out lease public.editai_locks
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
  select l.* into lease from public.editai_locks l where l.project_id = p_project_id;
  if lease.expires_at > public.editai_clock() then
    select j.* into job from public.editai_jobs j where j.id = lease.job_id;
    if found then
      job.params := '{}';  -- the holder's business, and possibly large
    end if;
    outcome := 'busy';
    return;
  end if;
  lease := null;
  outcome := case when public.editai_has_too_many_jobs(p_owner_id, p_project_id, p_max_active_jobs)
    then 'too_many_jobs' else 'free' end;
end
$$;

-- Starts a job on a project: lease, job, progress 0 and the project's status in one transaction.
-- p_source is a source that was uploaded with the request and is recorded with the job; p_source_ids are stored ones.
-- The lease is short and belongs to the dispatch: a worker that claims the job replaces it, cleanup hands over again what
-- nobody claimed. Outcomes: started; source_not_found (job is null); and those of editai_check_project but free.
-- superseded_job_id is the job that had stopped responding, has just failed, and would have no other line in a log.
-- An owner's starts come one after the other once they hold their projects, so that together they cannot pass
-- p_max_active_jobs: the advisory lock goes with the transaction, and comes between the project's row lock and the lease's.
-- Raises 22023 for a bad time to live or deadline, 23514 and the like for values that do not fit their columns.
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
  -- Twice: without a lock, so that a conflict costs nothing, and under it, where the answer stays true.
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
      perform 1 from public.editai_projects p where p.id = p_project_id for no key update;
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
      job.params := '{}';  -- the holder's business, and possibly large
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
    id, project_id, kind, params, first_variant_number, max_attempts, deadline_at, idempotency_key, request_hash)
  values (
    p_job_id, p_project_id, p_kind, p_params,
    (select coalesce(max(c.variant_number), 0) + 1 from public.editai_clips c where c.project_id = p_project_id),
    p_max_attempts, v_deadline_at, p_idempotency_key, p_request_hash)
  returning * into job;
  perform public.editai_begin_progress(p_project_id, 'Queued', lease.fencing_token);
  update public.editai_projects p set
    status = case p_kind when 'final_render' then 'rendering' else 'generating' end,
    updated_at = public.editai_clock()
  where p.id = p_project_id;
  outcome := 'started';
end
$$;

-- Gives a worker the job, its lease and what it needs to go on: the sources, and the clips recorded so far.
-- Delivery is at least once, so a claim may come at any time and any number of times.
-- The attempt's progress begins here, at 0: whoever reads the new attempt never reads the percentage of the one before, which
-- the first heartbeat would then take back.
-- Outcomes: claimed (also for the same p_lease_id again); running (another worker has it); ended (nothing to do);
-- exhausted (no attempt or no time left: the job has just been failed); busy (something else holds the project);
-- job_not_found.
create function public.editai_claim_job(
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
  if not found then
    outcome := 'job_not_found';
    return;
  end if;
  perform 1 from public.editai_projects p where p.id = job.project_id for no key update;
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
    -- The dispatch's lease has done its work.
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
      order by s.created_at, s.id);
    clips := array(
      select c from public.editai_clips c where c.job_id = p_job_id order by c.variant_number);
  end if;
end
$$;

-- Fails a job that may not run again, and frees its project. The caller holds the project's and the lease's row lock.
create function public.editai_fail_exhausted_job(p_job public.editai_jobs) returns void
language plpgsql volatile security invoker set search_path = '' as $$
begin
  perform public.editai_end_job((p_job).id, 'failed', null, case
    when (p_job).attempt >= (p_job).max_attempts then jsonb_build_object(
      'code', 'attempts_exhausted',
      'detail', format('The job stopped responding in each of its %s attempts.', (p_job).max_attempts))
    else jsonb_build_object('code', 'deadline_exceeded', 'detail', 'The job did not end before its deadline.')
  end);
  delete from public.editai_locks l where l.project_id = (p_job).project_id;
end
$$;

-- Says whether the caller's lease is live and this job's, and keeps it so until the end of the transaction.
create function public.editai_hold_job(p_project_id text, p_job_id uuid, p_lease_id uuid, p_fencing_token bigint)
returns boolean
language sql volatile security invoker set search_path = '' as $$
  select coalesce(h.held and (h.lease).job_id = p_job_id, false)
  from public.editai_hold_lease(p_project_id, p_lease_id, p_fencing_token) h
$$;

-- Says why a job's write was refused: cancelled (its user wanted so) or lost (the lease expired or is someone else's).
create function public.editai_refusal(p_job_id uuid) returns text
language sql stable security invoker set search_path = '' as $$
  select case when exists (select 1 from public.editai_jobs j where j.id = p_job_id and j.status = 'cancelled')
    then 'cancelled' else 'lost' end
$$;

-- Renews a job's lease, writes its progress and tells whether to go on: once a second, in one call.
-- Outcomes: held (with the lease's new end); cancelled or lost, where nothing was written.
-- Without p_percentage only the lease is renewed. Within one attempt the percentage never goes down.
create function public.editai_heartbeat(
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
    outcome := public.editai_refusal(p_job_id);
    return;
  end if;
  if p_percentage is not null then
    insert into public.editai_generation_progress as g (
      project_id, percentage, current_step, estimated_remaining, updated_at, fencing_token)
    values (
      p_project_id, p_percentage, p_current_step, p_estimated_remaining, public.editai_clock(), p_fencing_token)
    on conflict (project_id) do update set
      percentage = case
        when g.fencing_token = excluded.fencing_token then greatest(g.percentage, excluded.percentage)
        else excluded.percentage
      end,
      current_step = excluded.current_step,
      estimated_remaining = excluded.estimated_remaining,
      updated_at = excluded.updated_at,
      fencing_token = excluded.fencing_token;
  end if;
  outcome := 'held';
  expires_at := v_renewal.expires_at;
end
$$;

-- Removes a project's progress row. Outcomes: cleared; cancelled or lost, where nothing was written.
create function public.editai_clear_progress(p_project_id text, p_job_id uuid, p_lease_id uuid, p_fencing_token bigint)
returns text
language plpgsql volatile security invoker set search_path = '' set lock_timeout = '2s' set statement_timeout = '8s' as $$
begin
  if not (select h.held from public.editai_hold_lease(p_project_id, p_lease_id, p_fencing_token) h) then
    return public.editai_refusal(p_job_id);
  end if;
  delete from public.editai_generation_progress g where g.project_id = p_project_id;
  return 'cleared';
end
$$;

-- Records a finished clip. p_clip has the columns of editai_clips that describe the file and its variant.
-- Outcomes: recorded (with the clip; recording a variant again returns the one recorded first); cancelled or lost, where
-- nothing was written. Raises 23505 for a variant number that is another job's.
create function public.editai_record_clip(
  p_project_id text,
  p_job_id uuid,
  p_lease_id uuid,
  p_fencing_token bigint,
  p_clip jsonb,
  out outcome text,
  out clip public.editai_clips
)
language plpgsql volatile security invoker set search_path = '' set lock_timeout = '2s' set statement_timeout = '8s' as $$
begin
  if not public.editai_hold_job(p_project_id, p_job_id, p_lease_id, p_fencing_token) then
    outcome := public.editai_refusal(p_job_id);
    return;
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
  outcome := 'recorded';
end
$$;

-- Ends a job as completed or failed and releases its lease: result, status, progress and lease in one transaction.
-- p_export is the record of a final render. Outcomes: finished (also when the same attempt asks again after its answer was
-- lost: the job has ended as it says); cancelled or lost, where nothing was written. Raises 22023 for another status.
create function public.editai_finish_job(
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
  perform 1 from public.editai_projects p where p.id = p_project_id for no key update;
  if not public.editai_hold_job(p_project_id, p_job_id, p_lease_id, p_fencing_token) then
    return case when exists (
      select 1 from public.editai_jobs j
      where j.id = p_job_id and j.status = p_status and j.fencing_token = p_fencing_token
        and j.error is not distinct from p_error
    ) then 'finished' else public.editai_refusal(p_job_id) end;
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

-- Cancels what runs on a project: job ended, progress and lease removed. The worker learns of it from its next heartbeat.
-- Outcomes: cancelled (with the job, which is null when a lease without a job was removed); idle (nothing was running);
-- project_not_found.
create function public.editai_cancel_job(
  p_project_id text,
  p_owner_id uuid,
  out outcome text,
  out job public.editai_jobs
)
language plpgsql volatile security invoker set search_path = '' set lock_timeout = '2s' set statement_timeout = '8s' as $$
begin
  perform 1 from public.editai_projects p
  where p.id = p_project_id and (p_owner_id is null or p.owner_id = p_owner_id) for no key update;
  if not found then
    outcome := 'project_not_found';
    return;
  end if;
  delete from public.editai_locks l where l.project_id = p_project_id;
  outcome := case when found then 'cancelled' else 'idle' end;
  if found then
    delete from public.editai_generation_progress g where g.project_id = p_project_id;
  end if;
  select j.* into job from public.editai_jobs j
  where j.project_id = p_project_id and j.status in ('queued', 'running') for update;
  if found then
    perform public.editai_end_job(job.id, 'cancelled', null, null);
    select j.* into job from public.editai_jobs j where j.id = job.id;
    outcome := 'cancelled';
  end if;
end
$$;

-- A project's progress with what explains it: status, newest job, lease. No row when there is no such project of the owner.
-- Without a progress row the percentage follows from the project's status. stalled: a running job's lease has expired and
-- nobody has taken it over yet. A queued job is not: its lease is that of a hand-over, and another one follows.
create function public.editai_read_progress(p_project_id text, p_owner_id uuid)
returns table (
  project_id text,
  status text,
  percentage integer,
  current_step text,
  estimated_remaining integer,
  updated_at timestamptz,
  stalled boolean,
  job_id uuid,
  job_kind text,
  job_status text,
  job_attempt integer,
  job_error jsonb,
  lease_expires_at timestamptz
)
language sql volatile security invoker set search_path = '' set statement_timeout = '8s' as $$
  select
    p.id,
    p.status,
    coalesce(g.percentage, case p.status when 'ready_for_triage' then 100 else 0 end),
    coalesce(g.current_step, ''),
    g.estimated_remaining,
    coalesce(g.updated_at, p.updated_at),
    p.status in ('generating', 'rendering') and j.status is distinct from 'queued'
      and coalesce(l.expires_at <= public.editai_clock(), true),
    j.id,
    j.kind,
    j.status,
    j.attempt,
    j.error,
    l.expires_at
  from public.editai_projects p
  left join public.editai_generation_progress g on g.project_id = p.id
  left join public.editai_locks l on l.project_id = p.id
  left join lateral (
    select * from public.editai_jobs j where j.project_id = p.id order by j.created_at desc limit 1
  ) j on true
  where p.id = p_project_id and (p_owner_id is null or p.owner_id = p_owner_id)
$$;

call public.editai_restrict_functions();

notify pgrst, 'reload schema';
