-- "Newest" and the positions of lists by row_number: after the clock had gone back, progress showed the job before for as
-- long as the clock was behind, and lists skipped rows.
-- Written by `make migration` from supabase/schemas, which says of each object what it is for.
-- Checksum of what follows, which shows changes by hand: 7039530898f91e38

set lock_timeout = '5s';
set statement_timeout = '60s';

set local check_function_bodies = off;

-- A transaction cannot drop one concurrently; lock_timeout limits the wait.
-- squawk-ignore require-concurrent-index-deletion
drop index public.editai_exports_by_clip;

-- A transaction cannot drop one concurrently; lock_timeout limits the wait.
-- squawk-ignore require-concurrent-index-deletion
drop index public.editai_jobs_by_project;

-- A transaction cannot drop one concurrently; lock_timeout limits the wait.
-- squawk-ignore require-concurrent-index-deletion
drop index public.editai_projects_by_owner;

-- A transaction cannot drop one concurrently; lock_timeout limits the wait.
-- squawk-ignore require-concurrent-index-deletion
drop index public.editai_sources_by_project;

-- A new signature: with `create or replace` there would be two functions that a call fits.
-- squawk-ignore ban-drop-function
drop function public.editai_list_clips(uuid, integer, text, uuid, timestamp with time zone, uuid);

-- A new signature: with `create or replace` there would be two functions that a call fits.
-- squawk-ignore ban-drop-function
drop function public.editai_list_exports(uuid, uuid, integer, timestamp with time zone, uuid);

-- A new signature: with `create or replace` there would be two functions that a call fits.
-- squawk-ignore ban-drop-function
drop function public.editai_list_projects(uuid, integer, timestamp with time zone, text);

-- A new signature: with `create or replace` there would be two functions that a call fits.
-- squawk-ignore ban-drop-function
drop function public.editai_list_sources(text, uuid, integer, timestamp with time zone, uuid);

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
      order by s.row_number, s.created_at, s.id);
    clips := array(
      select c from public.editai_clips c where c.job_id = p_job_id order by c.variant_number);
  end if;
end
$$;

-- Returns one page of an owner's clips, newest first: of one project, of all projects (p_project_id is null), or only
-- the clip p_clip_id.
-- A page starts after the last row of the page before, given by its row_number, created_at and id. Without
-- p_after_row_number, as in cursors from before it existed, the number is that of the row p_after_id.
create function public.editai_list_clips(
  p_owner_id uuid,
  p_limit integer,
  p_project_id text default null,
  p_clip_id uuid default null,
  p_after_created_at timestamptz default null,
  p_after_id uuid default null,
  p_after_row_number bigint default null
) returns setof public.editai_clips
language plpgsql stable security invoker set search_path = '' set statement_timeout = '8s' as $$
declare
  v_after_row_number bigint := coalesce(
    p_after_row_number, (select x.row_number from public.editai_clips x where x.id = p_after_id), 0);
begin
  return query
  select c.* from public.editai_clips c join public.editai_projects p on p.id = c.project_id
  where (p_owner_id is null or p.owner_id = p_owner_id)
    and (p_project_id is null or c.project_id = p_project_id)
    and (p_clip_id is null or c.id = p_clip_id)
    and (p_after_created_at is null
      or (c.row_number, c.created_at, c.id) < (v_after_row_number, p_after_created_at, p_after_id))
  order by c.row_number desc, c.created_at desc, c.id desc
  limit p_limit;
end
$$;

-- Returns one page of the exports of one clip, newest first.
-- A page starts after the last row of the page before, given by its row_number, created_at and id. Without
-- p_after_row_number, as in cursors from before it existed, the number is that of the row p_after_id.
create function public.editai_list_exports(
  p_clip_id uuid,
  p_owner_id uuid,
  p_limit integer,
  p_after_created_at timestamptz default null,
  p_after_id uuid default null,
  p_after_row_number bigint default null
) returns setof public.editai_exports
language sql stable security invoker set search_path = '' set statement_timeout = '8s' as $$
  select e.* from public.editai_exports e join public.editai_projects p on p.id = e.project_id
  where e.clip_id = p_clip_id and (p_owner_id is null or p.owner_id = p_owner_id)
    and (p_after_created_at is null or (e.row_number, e.created_at, e.id) < (
      coalesce(p_after_row_number, (select x.row_number from public.editai_exports x where x.id = p_after_id), 0),
      p_after_created_at, p_after_id))
  order by e.row_number desc, e.created_at desc, e.id desc
  limit p_limit
$$;

-- Returns one page of an owner's projects, newest first.
-- A page starts after the last row of the page before, given by its row_number, created_at and id. Without
-- p_after_row_number, as in cursors from before it existed, the number is that of the row p_after_id.
-- Like the other lists it is in plpgsql, which plans for the actual arguments: a filter that is null costs nothing.
create function public.editai_list_projects(
  p_owner_id uuid,
  p_limit integer,
  p_after_created_at timestamptz default null,
  p_after_id text default null,
  p_after_row_number bigint default null
) returns setof public.editai_projects
language plpgsql stable security invoker set search_path = '' set statement_timeout = '8s' as $$
declare
  v_after_row_number bigint := coalesce(
    p_after_row_number, (select x.row_number from public.editai_projects x where x.id = p_after_id), 0);
begin
  return query
  select p.* from public.editai_projects p
  where (p_owner_id is null or p.owner_id = p_owner_id)
    and (p_after_created_at is null
      or (p.row_number, p.created_at, p.id) < (v_after_row_number, p_after_created_at, p_after_id))
  order by p.row_number desc, p.created_at desc, p.id desc
  limit p_limit;
end
$$;

-- Returns one page of the sources of one project, newest first.
-- A page starts after the last row of the page before, given by its row_number, created_at and id. Without
-- p_after_row_number, as in cursors from before it existed, the number is that of the row p_after_id.
create function public.editai_list_sources(
  p_project_id text,
  p_owner_id uuid,
  p_limit integer,
  p_after_created_at timestamptz default null,
  p_after_id uuid default null,
  p_after_row_number bigint default null
) returns setof public.editai_sources
language plpgsql stable security invoker set search_path = '' set statement_timeout = '8s' as $$
declare
  v_after_row_number bigint := coalesce(
    p_after_row_number, (select x.row_number from public.editai_sources x where x.id = p_after_id), 0);
begin
  return query
  select s.* from public.editai_sources s join public.editai_projects p on p.id = s.project_id
  where s.project_id = p_project_id and (p_owner_id is null or p.owner_id = p_owner_id)
    and (p_after_created_at is null
      or (s.row_number, s.created_at, s.id) < (v_after_row_number, p_after_created_at, p_after_id))
  order by s.row_number desc, s.created_at desc, s.id desc
  limit p_limit;
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
    select * from public.editai_jobs j where j.project_id = p.id order by j.row_number desc, j.created_at desc limit 1
  ) j on true
  where p.id = p_project_id and (p_owner_id is null or p.owner_id = p_owner_id)
$$;

-- Returns the version of the newest migration, 14 digits. Called by the library's readyz, to compare with
-- SCHEMA_VERSION.
-- `make migration` writes the same version here, in shared/database/schema_version.py and in the new file's name.
create or replace function public.editai_schema_version()
returns text
language sql immutable security invoker set search_path = '' as $$
  select '20261129163310'
$$;

call public.editai_restrict_functions();

notify pgrst, 'reload schema';
