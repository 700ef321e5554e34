-- A worker that is told to stop gives its job back: no attempt is spent, and the next one goes on where the clips stand.
-- Written by `make migration` from supabase/schemas, which says of each object what it is for.
-- Checksum of what follows, which shows changes by hand: f25d446357acfb61

set lock_timeout = '5s';
set statement_timeout = '60s';

set local check_function_bodies = off;

-- A new signature: with `create or replace` there would be two functions that a call fits.
-- squawk-ignore ban-drop-function
drop function public.editai_record_clip(text, uuid, uuid, bigint, jsonb);

alter table public.editai_generation_progress
  add column checkpoint_percentage integer not null default 0
    constraint editai_generation_progress_checkpoint_is_a_percentage check (((checkpoint_percentage >= 0) and (checkpoint_percentage <= 100)));

-- Sets a project's progress to 0 for the lease that was just granted with this fencing token.
-- Called by start_job.
create or replace function public.editai_begin_progress(p_project_id text, p_current_step text, p_fencing_token bigint) returns void
language sql volatile security invoker set search_path = '' as $$
  insert into public.editai_generation_progress as g (project_id, current_step, updated_at, fencing_token)
  values (p_project_id, p_current_step, public.editai_clock(), p_fencing_token)
  on conflict (project_id) do update set
    percentage = 0,
    checkpoint_percentage = 0,
    current_step = excluded.current_step,
    estimated_remaining = null,
    updated_at = excluded.updated_at,
    fencing_token = excluded.fencing_token
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
  p_percentage integer default null,
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
  update public.editai_generation_progress g set
    percentage = greatest(g.percentage, p_percentage),
    checkpoint_percentage = greatest(g.checkpoint_percentage, p_percentage),
    updated_at = public.editai_clock()
  where g.project_id = p_project_id and g.fencing_token = p_fencing_token and p_percentage > g.checkpoint_percentage;
  outcome := 'recorded';
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
    dispatch_due_at = (v_grant.lease).acquired_at + public.editai_ttl(p_dispatch_ttl_seconds)
  where j.id = p_job.id;
  return (v_grant.lease).fencing_token;
end
$$;

-- Begins the progress of a job's attempt for the lease that was just granted with this fencing token: where the clips that
-- earlier attempts recorded stand, or at 0. Called by claim_job.
create function public.editai_resume_progress(p_project_id text, p_current_step text, p_fencing_token bigint) returns void
language sql volatile security invoker set search_path = '' as $$
  insert into public.editai_generation_progress as g (project_id, current_step, updated_at, fencing_token)
  values (p_project_id, p_current_step, public.editai_clock(), p_fencing_token)
  on conflict (project_id) do update set
    percentage = g.checkpoint_percentage,
    current_step = excluded.current_step,
    estimated_remaining = null,
    updated_at = excluded.updated_at,
    fencing_token = excluded.fencing_token
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
  p_dispatch_ttl_seconds double precision,
  out outcome text,
  out dispatch_token bigint
)
language plpgsql volatile security invoker set search_path = '' set lock_timeout = '2s' set statement_timeout = '8s' as $$
declare
  v_job public.editai_jobs;
begin
  if not public.editai_lock_project(p_project_id) then
    outcome := public.editai_loss_reason(p_job_id);
    return;
  end if;
  if not public.editai_lock_job_lease(p_project_id, p_job_id, p_lease_id, p_fencing_token) then
    select l.fencing_token into dispatch_token
    from public.editai_jobs j
    join public.editai_locks l on l.project_id = j.project_id and l.job_id = j.id
    where j.id = p_job_id and j.status = 'queued' and j.fencing_token = p_fencing_token;
    outcome := case when found then 'returned' else public.editai_loss_reason(p_job_id) end;
    return;
  end if;
  update public.editai_jobs j set attempt = greatest(j.attempt - 1, 0) where j.id = p_job_id returning j.* into v_job;
  dispatch_token := public.editai_requeue_job(v_job, p_dispatch_ttl_seconds);
  perform public.editai_discard_outputs(p_project_id, p_job_id, p_fencing_token);
  outcome := 'returned';
end
$$;

-- Returns the version of the newest migration, 14 digits. Called by the library's readyz, to compare with
-- SCHEMA_VERSION.
-- `make migration` writes the same version here, in shared/database/schema_version.py and in the new file's name.
create or replace function public.editai_schema_version()
returns text
language sql immutable security invoker set search_path = '' as $$
  select '20261129172723'
$$;

call public.editai_restrict_functions();

notify pgrst, 'reload schema';
