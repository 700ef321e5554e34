-- Leases: a lock with an end. Whoever holds one proves it on every write with its lease_id and its fencing token.
--
--   acquire ---- live ------------------------------> expires_at ---- expired: anyone may take over ---->
--      |          ^ renew moves expires_at, never past deadline_at        | acquire: a new, higher token
--      '-- release, or cancel: the row is gone at once                    | cleanup: the row is gone
--
-- Order of row locks, the same everywhere: project, lease, job, progress. Whatever changes the owner of a project's lease
-- holds the project's row lock; renewing takes the lease's row lock alone. A start that counts its owner's jobs takes the
-- owner's advisory lock between project and lease; whoever holds that one waits for nobody who waits for it.
-- The clock is read once, after the lease's row lock is held: a statement that waited for a lock would otherwise decide
-- by a moment that has passed (https://www.postgresql.org/docs/current/transaction-iso.html#XACT-READ-COMMITTED).
-- A conflict is an answer, not an error: 40001 and the like would be retried by PostgREST on its own.
--
-- A call waits for each lock for less time than its caller waits for an answer, so most of what a caller has given up does
-- not happen later; where it does, fencing makes it harmless. PostgREST (12 and later) applies a function's statement_timeout to its whole transaction; a caller that connects
-- directly sets its own, because Postgres arms that timer before the function begins.

set lock_timeout = '5s';
set statement_timeout = '60s';

-- Raises 22023 for a time to live that is not in (0, 3600] seconds; returns it as an interval.
create function public.editai_ttl(p_ttl_seconds double precision) returns interval
language plpgsql immutable security invoker set search_path = '' as $$
begin
  if p_ttl_seconds is null or p_ttl_seconds <= 0 or p_ttl_seconds > 3600 then
    raise exception 'a time to live is more than 0 and at most 3600 seconds, not %', p_ttl_seconds
      using errcode = 'invalid_parameter_value';
  end if;
  return make_interval(secs => p_ttl_seconds);
end
$$;

-- Says whether the caller's lease is live, and keeps it so until the end of the transaction by its row lock.
-- Called by every write that must be fenced.
create function public.editai_hold_lease(
  p_project_id text,
  p_lease_id uuid,
  p_fencing_token bigint,
  out held boolean,
  out lease public.editai_locks,
  out judged_at timestamptz
)
language plpgsql volatile security invoker set search_path = '' as $$
begin
  select l.* into lease from public.editai_locks l where l.project_id = p_project_id for update;
  judged_at := public.editai_clock();
  held := coalesce(
    lease.lease_id = p_lease_id and lease.fencing_token = p_fencing_token and lease.expires_at > judged_at, false);
end
$$;

-- Gives the lease to the caller unless someone else's is live; returns the lease that stands then.
-- The caller holds the project's row lock, if the key is a project's.
-- A vacant row is inserted first, so that a free and an expired key take the same path, and so that the token is drawn
-- while the row is locked: tokens then rise in the order of commits.
create function public.editai_grant_lease(
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
    exit when found;  -- else the row that was in the way has been released meanwhile
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

-- Takes the lease of a key for p_ttl_seconds. Any function may hold any key.
-- Returns granted and the lease: the caller's, or the live one of someone else. Taking it again with the same lease_id
-- while it is live returns the same grant, so a lost answer can be asked for again.
-- Raises 22023 for a bad time to live. An expired lease of a job is taken over and the job ends as failed.
create function public.editai_acquire_lease(
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
  -- A conflict only reads: no row lock, no dead row, no token spent.
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

-- Moves the end of a live lease to p_ttl_seconds from now, but never past its deadline.
-- Returns renewed = false when the lease is not the caller's or has expired, and changes nothing then.
create function public.editai_renew_lease(
  p_project_id text,
  p_lease_id uuid,
  p_fencing_token bigint,
  p_ttl_seconds double precision,
  out renewed boolean,
  out expires_at timestamptz
)
language plpgsql volatile security invoker set search_path = '' set lock_timeout = '2s' set statement_timeout = '8s' as $$
declare
  v_hold record;
begin
  select * into v_hold from public.editai_hold_lease(p_project_id, p_lease_id, p_fencing_token);
  renewed := v_hold.held;
  if not renewed then
    return;
  end if;
  update public.editai_locks l set
    expires_at = least(v_hold.judged_at + public.editai_ttl(p_ttl_seconds), l.deadline_at)
  where l.project_id = p_project_id
  returning l.expires_at into expires_at;
end
$$;

-- Gives a lease back. Returns whether it was the caller's; someone else's stays untouched.
-- A job's lease ends at once but its row stays: cleanup finds the job by it, so no job runs on without a lease. (What ends a
-- job, editai_finish_job, releases its lease itself.)
create function public.editai_release_lease(p_project_id text, p_lease_id uuid, p_fencing_token bigint) returns boolean
language plpgsql volatile security invoker set search_path = '' set lock_timeout = '2s' set statement_timeout = '8s' as $$
begin
  delete from public.editai_locks l
  where l.project_id = p_project_id and l.lease_id = p_lease_id and l.fencing_token = p_fencing_token and l.job_id is null;
  if found then
    return true;
  end if;
  update public.editai_locks l set expires_at = least(l.expires_at, public.editai_clock())
  where l.project_id = p_project_id and l.lease_id = p_lease_id and l.fencing_token = p_fencing_token;
  return found;
end
$$;

call public.editai_restrict_functions();

notify pgrst, 'reload schema';
