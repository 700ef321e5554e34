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
  p_webhook_url text default null
) returns public.editai_job_start
language plpgsql volatile security invoker set search_path = '' set lock_timeout = '2s' set statement_timeout = '2.3s' as $$
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
    dispatch_due_at, cost_seconds, turn_at, webhook_url)
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
    )) + make_interval(secs => v_cost_seconds),
    p_webhook_url)
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
