-- stalled is told when two heartbeats are missed, and not only when the lease has expired. The new column has no index, so
-- heartbeats stay HOT updates.
-- Written by `make migration` from supabase/schemas, which says of each object what it is for.
-- Checksum of what follows, which shows changes by hand: 2613a0ddcf53262a

set lock_timeout = '5s';
set statement_timeout = '60s';

set local check_function_bodies = off;

alter table public.editai_locks
  add column stalled_at timestamp with time zone;

-- Gives the lease of a key to the caller, unless another live lease exists. Returns granted, and the lease that is now
-- stored.
-- Called by acquire_lease, start_job, claim_job and requeue_job. If the key is a project's id, the caller holds the
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
    deadline_at = p_deadline_at,
    stalled_at = v_now + public.editai_ttl(p_ttl_seconds) * 2 / 3
  where l.project_id = p_project_id
  returning l.* into lease;
  granted := true;
end
$$;

-- Returns a project's progress and what explains it: status, newest job, lease. Called by the library. Returns no row
-- if there is no such project of the owner. Without a progress row the percentage follows from the project's status.
-- stalled: the worker of a running job has missed two heartbeats, or its lease has expired, and the job was not taken over
-- yet. A queued job is never stalled: it
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
      and coalesce(least(l.stalled_at, l.expires_at) <= public.editai_clock(), true),
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
    expires_at = least(v_check.checked_at + public.editai_ttl(p_ttl_seconds), l.deadline_at),
    stalled_at = v_check.checked_at + public.editai_ttl(p_ttl_seconds) * 2 / 3
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
  select '20261129164600'
$$;

-- Who may do what with tables and sequences; functions are restricted by restrict_functions.sql.
-- Supabase grants everything in schema public to all API roles by default, so everything is revoked first.
revoke all on
  public.editai_projects, public.editai_sources, public.editai_jobs, public.editai_clips, public.editai_export_presets,
  public.editai_exports, public.editai_locks, public.editai_generation_progress, public.editai_storage_garbage
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

-- The SQL functions run with the rights of their caller, the service role. It gets what they need and no more: a job, a
-- clip or an export is deleted only with its project, and an export never changes. What follows a deleted project is
-- deleted by the foreign key, which needs no grant.
grant select, insert, update, delete on
  public.editai_projects, public.editai_sources, public.editai_locks, public.editai_generation_progress
  to service_role;
grant select, insert, update on public.editai_jobs, public.editai_clips to service_role;
grant select, insert on public.editai_exports to service_role;
grant select, insert, delete on public.editai_storage_garbage to service_role;
grant select on public.editai_export_presets to service_role;
grant usage on sequence
  public.editai_fencing_tokens, public.editai_row_numbers, public.editai_storage_garbage_id_seq
  to service_role;

call public.editai_restrict_functions();

notify pgrst, 'reload schema';
