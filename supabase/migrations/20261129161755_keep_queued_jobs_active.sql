-- A queued job holds its project until it is claimed, cancelled or past its deadline: a slow queue must not let a second
-- start replace a job that only waited. Cleanup finds jobs by their own state.
-- Written by `make migration` from supabase/schemas, which says of each object what it is for.
-- Checksum of what follows, which shows changes by hand: c627f23fc3fc815f

set lock_timeout = '5s';
set statement_timeout = '60s';

set local check_function_bodies = off;

alter table public.editai_jobs
  add column dispatch_due_at timestamp with time zone;

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
      perform 1 from public.editai_projects p where p.id = p_project_id for no key update;
    end if;
  end loop;
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
--   busy               a live lease or a queued job holds the project; job and lease tell whose
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
  select * into lease from public.editai_current_lease(p_project_id);
  if lease.project_id is not null then
    select j.* into job from public.editai_jobs j where j.id = lease.job_id;
    if found then
      job.params := '{}';  -- private to the holder, and possibly large
    end if;
    outcome := 'busy';
    return;
  end if;
  outcome := case when public.editai_has_too_many_jobs(p_owner_id, p_project_id, p_max_active_jobs)
    then 'too_many_jobs' else 'free' end;
end
$$;

-- Puts right at most p_limit projects and other keys whose lease or queued job is due, the longest due first. Called by the
-- function lease_cleanup, and by pg_cron through editai_run_cleanup. Concurrent calls share the work: each skips the rows
-- that another transaction has locked.
-- A running job is due when its lease has expired or is gone. A queued job is due when it was last dispatched
-- p_dispatch_ttl_seconds ago, or is past its deadline; the end of its dispatch lease does not matter. A lease without an
-- active job is due when it has expired.
-- Returns a row for each, with its action:
--   requeued  the job has attempts left: it is queued again under a new dispatch lease, and the caller has to dispatch it;
--             fencing_token is that of the new lease
--   failed    the job has no attempt left, or its deadline has passed: job and project failed, lease deleted; code is the
--             code of the job's error
--   released  the lease had no active job: deleted
-- For a deleted lease, fencing_token is its own; it is null if the lease was gone.
-- Rows are checked again after they are locked, because a renewal or a claim may have come first.
-- The scan joins the active jobs, which a partial index holds, with the leases. It uses no index on expires_at: such an
-- index would make every renewal a non-HOT update.
-- Raises 22023 for a bad time to live.
create or replace function public.editai_cleanup_leases(p_limit integer, p_dispatch_ttl_seconds double precision)
returns table (project_id text, job_id uuid, fencing_token bigint, action text, code text)
language plpgsql volatile security invoker set search_path = '' set lock_timeout = '2s' set statement_timeout = '30s' as $$
declare
  v_started_at timestamptz := public.editai_clock();
  v_now timestamptz;
  v_is_project boolean;
  v_lease public.editai_locks;
  v_job public.editai_jobs;
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
    limit p_limit
  loop
    -- A key that is not a project has no project row to lock. A row that exists and cannot be locked is in use: skip it.
    perform 1 from public.editai_projects p where p.id = project_id for no key update skip locked;
    v_is_project := found;
    continue when not found and exists (select 1 from public.editai_projects p where p.id = project_id);
    select l.* into v_lease from public.editai_locks l where l.project_id = editai_cleanup_leases.project_id
    for update skip locked;
    continue when not found and exists (
      select 1 from public.editai_locks l where l.project_id = editai_cleanup_leases.project_id);
    select j.* into v_job from public.editai_jobs j
    where v_is_project and j.project_id = editai_cleanup_leases.project_id and j.status in ('queued', 'running')
    for update skip locked;
    continue when not found and exists (
      select 1 from public.editai_jobs j
      where j.project_id = editai_cleanup_leases.project_id and j.status in ('queued', 'running'));
    v_now := public.editai_clock();
    continue when coalesce(v_lease.project_id, v_job.project_id) is null;  -- both have ended
    continue when v_lease.expires_at > v_now and (v_job.status is distinct from 'queued' or v_lease.job_id is distinct from v_job.id);
    continue when v_job.status = 'queued' and v_job.dispatch_due_at > v_now and v_job.deadline_at > v_now;

    job_id := coalesce(v_job.id, v_lease.job_id);
    fencing_token := v_lease.fencing_token;
    code := null;
    if v_job.id is null then
      delete from public.editai_locks l where l.project_id = v_lease.project_id;
      action := 'released';
    elsif v_job.attempt >= v_job.max_attempts or v_job.deadline_at <= v_now then
      perform public.editai_fail_exhausted_job(v_job);
      select j.error ->> 'code' into code from public.editai_jobs j where j.id = v_job.id;
      action := 'failed';
    else
      fencing_token := public.editai_requeue_job(v_job, p_dispatch_ttl_seconds);
      action := 'requeued';
    end if;
    return next;
  end loop;
end
$$;

-- Returns what holds a key now, or nulls if it is free: its live lease, or a project's queued job.
-- A queued job holds its project until it is claimed, cancelled or past its deadline, also after its dispatch lease has
-- expired, because a job that waits for a worker has done nothing wrong. The lease of such a job is returned with the
-- job's deadline as its end.
-- Called by check_project, acquire_lease, delete_project and delete_source. Under the project's row lock the result about
-- a queued job stays true; under the lease's row lock the result about a lease does.
create function public.editai_current_lease(p_project_id text) returns public.editai_locks
language plpgsql volatile security invoker set search_path = '' as $$
declare
  v_lease public.editai_locks;
  v_job public.editai_jobs;
  v_now timestamptz;
begin
  select l.* into v_lease from public.editai_locks l where l.project_id = p_project_id;
  select j.* into v_job from public.editai_jobs j where j.project_id = p_project_id and j.status = 'queued';
  v_now := public.editai_clock();
  if v_lease.expires_at > v_now and (v_job.id is null or v_lease.job_id is distinct from v_job.id) then
    return v_lease;
  elsif v_job.deadline_at > v_now then
    if v_lease.job_id is distinct from v_job.id then  -- its own lease is gone
      v_lease.project_id := p_project_id;
      v_lease.lease_id := pg_catalog.gen_random_uuid();
      v_lease.holder := 'dispatch';
      v_lease.fencing_token := 0;
      v_lease.job_id := v_job.id;
      v_lease.acquired_at := v_job.created_at;
    end if;
    v_lease.expires_at := v_job.deadline_at;
    v_lease.deadline_at := v_job.deadline_at;
    return v_lease;
  end if;
  return null;
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
  perform 1 from public.editai_locks l where l.project_id = p_project_id for update;
  v_now := public.editai_clock();
  select * into lease from public.editai_current_lease(p_project_id);
  if lease.project_id is not null then
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
  outcome := 'deleted';
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
  insert into public.editai_storage_garbage (project_id, prefix, not_before)
  select v_source.project_id, v_source.storage_path, due.at
  from public.editai_source_removal_times(v_source, v_now) as due (at);
  delete from public.editai_sources s where s.id = p_source_id;
  outcome := 'deleted';
end
$$;

-- Returns a project's progress and what explains it: status, newest job, lease. Called by the library. Returns no row
-- if there is no such project of the owner. Without a progress row the percentage follows from the project's status.
-- stalled: the lease of a running job has expired and the job was not taken over yet. A queued job is never stalled: it
-- holds its project until its deadline, which is therefore its lease_expires_at, and is dispatched again.
create or replace function public.editai_read_progress(p_project_id text, p_owner_id uuid)
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
    case j.status when 'queued' then j.deadline_at else l.expires_at end
  from public.editai_projects p
  left join public.editai_generation_progress g on g.project_id = p.id
  left join public.editai_locks l on l.project_id = p.id
  left join lateral (
    select * from public.editai_jobs j where j.project_id = p.id order by j.created_at desc limit 1
  ) j on true
  where p.id = p_project_id and (p_owner_id is null or p.owner_id = p_owner_id)
$$;

-- Queues an active job again, to be dispatched by the caller: it gets a new dispatch lease, whose fencing token is
-- returned, and is due to be dispatched once more when p_dispatch_ttl_seconds have passed. Called by cleanup_leases, which
-- holds the row locks of the project, the lease and the job.
create function public.editai_requeue_job(p_job public.editai_jobs, p_dispatch_ttl_seconds double precision) returns bigint
language plpgsql volatile security invoker set search_path = '' as $$
declare
  v_grant record;
begin
  -- Each dispatch has a token of its own. An expired lease is taken over; a dispatch lease that is still live is removed.
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

-- Returns the version of the newest migration, 14 digits. Called by the library's readyz, to compare with
-- SCHEMA_VERSION.
-- `make migration` writes the same version here, in shared/database/schema_version.py and in the new file's name.
create or replace function public.editai_schema_version()
returns text
language sql immutable security invoker set search_path = '' as $$
  select '20261129161755'
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

-- Ends a project's active jobs as failed (superseded), because another caller has taken the project over: the lease of a
-- running job had expired, or a queued job was past its deadline.
-- Called by acquire_lease and start_job, which hold the project's row lock and its lease.
create or replace function public.editai_supersede_jobs(p_project_id text) returns void
language sql volatile security invoker set search_path = '' as $$
  select public.editai_end_job(
    j.id, 'failed', null,
    jsonb_build_object('code', 'superseded', 'detail', 'The job stopped responding, or was not started in time, and another one took the project.'))
  from public.editai_jobs j
  where j.project_id = p_project_id and j.status in ('queued', 'running')
$$;

call public.editai_restrict_functions();

notify pgrst, 'reload schema';
