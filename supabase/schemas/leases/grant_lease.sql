-- Gives the lease of a key to the caller, unless another live lease exists. Returns granted, and the lease that is now
-- stored.
-- Called by acquire_lease, start_job, claim_job and requeue_job. If the key is a project's id, the caller holds the
-- project's row lock.
-- A free key first gets an expired row, for two reasons: free and expired keys then take the same path, and the token
-- is drawn while the row is locked, so tokens rise in the order of commits.
create function public.editai_grant_lease(
  p_project_id text,
  p_lease_id uuid,
  p_holder text,
  p_ttl_seconds double precision,
  p_job_id uuid,
  p_deadline_at timestamptz
) returns public.editai_lease_grant
language plpgsql volatile security invoker set search_path = '' as $$
declare
  granted boolean;
  lease public.editai_locks;
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
    return (granted, lease);
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
  return (granted, lease);
end
$$;
