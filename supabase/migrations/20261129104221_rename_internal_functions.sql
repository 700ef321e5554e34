-- Rename internal functions to the usual words: to hold a lease is what its holder does, but what these functions do is to
-- lock its row; and "removals" did not say that they are times. Comments inside functions are in plain English.
-- The old functions stay for one release; supabase/schemas/README.md says why.
-- Written by `make migration` from supabase/schemas.

set lock_timeout = '5s';
set statement_timeout = '60s';

set local check_function_bodies = off;

-- Takes the lease of a key for p_ttl_seconds. Any function may use it, with any key.
-- Returns granted and the lease: the caller's, or the live lease of another holder. A second call with the same
-- lease_id while the lease is live returns the same grant, so a call whose response was lost is safe to retry.
-- If it takes over the expired lease of a job, that job ends as failed (superseded). Raises 22023 for a bad time to
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
begin
  perform public.editai_ttl(p_ttl_seconds);
  -- A conflict only reads: no row lock, no dead row, no token used.
  select l.* into lease from public.editai_locks l where l.project_id = p_project_id;
  if lease.expires_at > public.editai_clock() then
    granted := lease.lease_id is not distinct from p_lease_id;
    return;
  end if;
  perform 1 from public.editai_projects p where p.id = p_project_id for no key update;
  select * into v_grant
  from public.editai_grant_lease(p_project_id, p_lease_id, p_holder, p_ttl_seconds, null, null);
  granted := v_grant.granted;
  lease := v_grant.lease;
  if granted then
    perform public.editai_supersede_jobs(p_project_id);
  end if;
end
$$;

-- Tells whether a job could start now; locks and writes nothing. The library calls it before it reads an upload's body,
-- and start_job calls it first. A null owner is the service itself, which may use every project.
-- Outcomes:
--   free               a job could start
--   busy               a live lease holds the project; job and lease tell whose
--   replayed           this idempotency key, or this job id, has already started a job; returned as job
--   key_reused         the idempotency key was used with another request
--   project_not_found  there is no such project of this owner
--   too_many_jobs      the owner has p_max_active_jobs on other projects, see editai_has_too_many_jobs
create or replace function public.editai_check_project(
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
      job.params := '{}';  -- private to the holder, and possibly large
    end if;
    outcome := 'busy';
    return;
  end if;
  lease := null;
  outcome := case when public.editai_has_too_many_jobs(p_owner_id, p_project_id, p_max_active_jobs)
    then 'too_many_jobs' else 'free' end;
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
      order by s.created_at, s.id);
    clips := array(
      select c from public.editai_clips c where c.job_id = p_job_id order by c.variant_number);
  end if;
end
$$;

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
create or replace function public.editai_cleanup_leases(p_limit integer, p_dispatch_ttl_seconds double precision)
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

-- Deletes a project's progress row for the worker that holds its lease.
-- Outcomes: cleared; cancelled or lost, and then nothing was written.
create or replace function public.editai_clear_progress(p_project_id text, p_job_id uuid, p_lease_id uuid, p_fencing_token bigint)
returns text
language plpgsql volatile security invoker set search_path = '' set lock_timeout = '2s' set statement_timeout = '8s' as $$
begin
  if not (select h.held from public.editai_lock_live_lease(p_project_id, p_lease_id, p_fencing_token) h) then
    return public.editai_loss_reason(p_job_id);
  end if;
  delete from public.editai_generation_progress g where g.project_id = p_project_id;
  return 'cleared';
end
$$;

-- Deletes a project with all its rows; its files become garbage.
-- Outcomes: deleted; busy (job and lease tell who holds the project); project_not_found.
create or replace function public.editai_delete_project(
  p_project_id text,
  p_owner_id uuid,
  out outcome text,
  out job public.editai_jobs,
  out lease public.editai_locks
)
language plpgsql volatile security invoker set search_path = '' set lock_timeout = '2s' set statement_timeout = '8s' as $$
declare
  v_now timestamptz;
begin
  perform 1 from public.editai_projects p
  where p.id = p_project_id and (p_owner_id is null or p.owner_id = p_owner_id) for no key update;
  if not found then
    outcome := 'project_not_found';
    return;
  end if;
  select l.* into lease from public.editai_locks l where l.project_id = p_project_id for update;
  v_now := public.editai_clock();
  if lease.expires_at > v_now then
    select j.* into job from public.editai_jobs j where j.id = lease.job_id;
    outcome := 'busy';
    return;
  end if;
  -- By source and by job, not by the project's whole folder: a new project may get the same id at once.
  insert into public.editai_storage_garbage (project_id, prefix, not_before)
  select p_project_id, s.storage_path, due.at
  from public.editai_sources s, public.editai_source_removal_times(s, v_now + interval '5 minutes') as due (at)
  where s.project_id = p_project_id
  union all
  select p_project_id, p_project_id || '/jobs/' || j.id || '/', due.at
  from public.editai_jobs j, public.editai_job_removal_times(j, v_now + interval '5 minutes') as due (at)
  where j.project_id = p_project_id;
  delete from public.editai_locks l where l.project_id = p_project_id;
  delete from public.editai_projects p where p.id = p_project_id;
  lease := null;
  outcome := 'deleted';
end
$$;

-- Deletes a source; its file becomes garbage. Clips made from it stay.
-- Outcomes: deleted; busy (a job may be reading the file; job and lease tell which); source_not_found.
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
  select l.* into lease from public.editai_locks l where l.project_id = v_source.project_id for update;
  v_now := public.editai_clock();
  if lease.expires_at > v_now then
    select j.* into job from public.editai_jobs j where j.id = lease.job_id;
    outcome := 'busy';
    return;
  end if;
  lease := null;
  insert into public.editai_storage_garbage (project_id, prefix, not_before)
  select v_source.project_id, v_source.storage_path, due.at
  from public.editai_source_removal_times(v_source, v_now) as due (at);
  delete from public.editai_sources s where s.id = p_source_id;
  outcome := 'deleted';
end
$$;

-- Ends an active job, and updates its project, progress and files to match. Does nothing to a job that has ended.
-- Called by finish_job, cancel_job, supersede_jobs and fail_exhausted_job. The caller holds the project's row lock, and
-- has taken over the job's lease or removes it.
-- The text of a render's subtitles is removed from params: it may be long, and job rows are kept.
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
  -- Only a job that completed in its first attempt leaves no unused files.
  if p_status <> 'completed' or v_job.attempt > 1 then
    insert into public.editai_storage_garbage (project_id, prefix, not_before)
    select v_job.project_id, v_job.project_id || '/jobs/' || v_job.id || '/', due.at
    from public.editai_job_removal_times(v_job, v_now + interval '5 minutes') as due (at);
  end if;
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
  perform 1 from public.editai_projects p where p.id = p_project_id for no key update;
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

-- Gives the lease of a key to the caller, unless another live lease exists. Returns granted, and the lease that is now
-- stored.
-- Called by acquire_lease, start_job, claim_job and cleanup_leases. If the key is a project's id, the caller holds the
-- project's row lock.
-- A free key first gets an expired row, for two reasons: free and expired keys then take the same path, and the token
-- is drawn while the row is locked, so tokens rise in the order of commits.
create or replace function public.editai_grant_lease(
  p_project_id text,
  p_lease_id uuid,
  p_holder text,
  p_ttl_seconds double precision,
  p_job_id uuid,
  p_deadline_at timestamptz,
  out granted boolean,
  out lease public.editai_locks
)
language plpgsql volatile security invoker set search_path = '' as $$
declare
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
    return;
  end if;
  update public.editai_locks l set
    lease_id = p_lease_id,
    holder = p_holder,
    fencing_token = nextval('public.editai_fencing_tokens'),
    job_id = p_job_id,
    acquired_at = v_now,
    expires_at = least(v_now + public.editai_ttl(p_ttl_seconds), p_deadline_at),
    deadline_at = p_deadline_at
  where l.project_id = p_project_id
  returning l.* into lease;
  granted := true;
end
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

-- Returns when to remove the files of an ended job: at p_at, and again one hour after the job's deadline.
-- The second time is needed because a suspended worker may wake up, store a file and die before it can discard it;
-- after the deadline no attempt can be running. Called by end_job and delete_project.
create function public.editai_job_removal_times(p_job public.editai_jobs, p_at timestamptz) returns setof timestamptz
language sql immutable security invoker set search_path = '' as $$
  select p_at
  union all
  select p_job.deadline_at + interval '1 hour' where p_job.deadline_at + interval '1 hour' > p_at
$$;

-- Locks the lease's row until the end of the transaction and tells whether the caller's lease is live and belongs to
-- this job.
-- Called by record_clip and finish_job.
create function public.editai_lock_job_lease(p_project_id text, p_job_id uuid, p_lease_id uuid, p_fencing_token bigint)
returns boolean
language sql volatile security invoker set search_path = '' as $$
  select coalesce(h.held and (h.lease).job_id = p_job_id, false)
  from public.editai_lock_live_lease(p_project_id, p_lease_id, p_fencing_token) h
$$;

-- Locks the lease's row until the end of the transaction and tells whether the caller's lease is live.
-- Every write that must be fenced calls it first; the row lock keeps the result true until that write is committed.
-- Returns held, the lease's row, and checked_at: the clock's time after the lock was taken, by which held was decided.
create function public.editai_lock_live_lease(
  p_project_id text,
  p_lease_id uuid,
  p_fencing_token bigint,
  out held boolean,
  out lease public.editai_locks,
  out checked_at timestamptz
)
language plpgsql volatile security invoker set search_path = '' as $$
begin
  select l.* into lease from public.editai_locks l where l.project_id = p_project_id for update;
  checked_at := public.editai_clock();
  held := coalesce(
    lease.lease_id = p_lease_id and lease.fencing_token = p_fencing_token and lease.expires_at > checked_at, false);
end
$$;

-- Tells why a job's write was refused: cancelled (the user cancelled the job) or lost (the lease expired or has another
-- holder).
-- Called by heartbeat, clear_progress, record_clip and finish_job after the lease check has failed.
create function public.editai_loss_reason(p_job_id uuid) returns text
language sql stable security invoker set search_path = '' as $$
  select case when exists (select 1 from public.editai_jobs j where j.id = p_job_id and j.status = 'cancelled')
    then 'cancelled' else 'lost' end
$$;

-- Records a finished clip: the checkpoint after which the next attempt continues. Called by the worker.
-- p_clip has the columns of editai_clips that describe the file and its variant.
-- Outcomes: recorded (with the clip; a repeated call returns the clip that was recorded first); cancelled or lost, and
-- then nothing was written. Raises 23505 if the variant number belongs to another job.
create or replace function public.editai_record_clip(
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
  if not public.editai_lock_job_lease(p_project_id, p_job_id, p_lease_id, p_fencing_token) then
    outcome := public.editai_loss_reason(p_job_id);
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

-- Moves the end of a live lease to p_ttl_seconds from now, but never past its deadline.
-- Called by heartbeat, and by any holder of a lease that is not a job's. Raises 22023 for a bad time to live.
-- Returns renewed and the new end. renewed is false, and nothing changes, if the lease has expired or is not the
-- caller's.
create or replace function public.editai_renew_lease(
  p_project_id text,
  p_lease_id uuid,
  p_fencing_token bigint,
  p_ttl_seconds double precision,
  out renewed boolean,
  out expires_at timestamptz
)
language plpgsql volatile security invoker set search_path = '' set lock_timeout = '2s' set statement_timeout = '8s' as $$
declare
  v_check record;
begin
  select * into v_check from public.editai_lock_live_lease(p_project_id, p_lease_id, p_fencing_token);
  renewed := v_check.held;
  if not renewed then
    return;
  end if;
  update public.editai_locks l set
    expires_at = least(v_check.checked_at + public.editai_ttl(p_ttl_seconds), l.deadline_at)
  where l.project_id = p_project_id
  returning l.expires_at into expires_at;
end
$$;

-- Returns the version of the newest migration, 14 digits. Called by the library's readyz, to compare with
-- SCHEMA_VERSION.
-- `make migration` writes the same version here, in shared/database/schema_version.py and in the new file's name.
create or replace function public.editai_schema_version()
returns text
language sql immutable security invoker set search_path = '' as $$
  select '20261129104221'
$$;

-- Returns when to remove the file of a deleted source: at p_at, and again three hours after the source was created.
-- The upload URL is valid for two hours and cannot be revoked, and the upload may take another hour.
-- Called by delete_source and delete_project.
create function public.editai_source_removal_times(p_source public.editai_sources, p_at timestamptz) returns setof timestamptz
language sql immutable security invoker set search_path = '' as $$
  select p_at
  union all
  select p_source.created_at + interval '3 hours' where p_source.created_at + interval '3 hours' > p_at
$$;

-- Starts a job on a project: lease, job, progress 0 and the project's status, in one transaction. Called by the
-- library.
-- p_source is a source that was uploaded with the request and is recorded together with the job; p_source_ids are
-- stored ones.
-- The lease is short and is for the dispatch only: the worker that claims the job replaces it, and cleanup dispatches
-- an unclaimed job again.
-- Outcomes: started; source_not_found (job is null); and those of editai_check_project except free. superseded_job_id
-- is the job whose expired lease was taken over and which has just been failed; the caller logs it, as nothing else
-- does.
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

  for v_row in
    select c.job_id, c.action
    from public.editai_cleanup_leases(100, case when v_can_dispatch then 30 else 0.001 end) c
  loop
    if v_can_dispatch and v_row.action = 'requeued' then
      -- pg_net sends this after the commit, so the worker finds the job queued.
      perform net.http_post(
        url := v_worker_url,
        body := jsonb_build_object('job_id', v_row.job_id),
        headers := jsonb_build_object(
          'Content-Type', 'application/json',
          'Authorization', 'Bearer ' || v_secret,
          'Prefer', 'respond-async'),
        timeout_milliseconds := 5000);
    end if;
  end loop;
  perform public.editai_cleanup_uploads(100, 86400);
end
$$;

call public.editai_restrict_functions();

notify pgrst, 'reload schema';
