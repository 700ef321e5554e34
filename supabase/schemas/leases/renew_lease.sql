-- Moves the end of a live lease to p_ttl_seconds from now, but never past its deadline.
-- Called by heartbeat, and by any holder of a lease that is not a job's. Raises 22023 for a bad time to live.
-- Returns renewed and the new end. renewed is false, and nothing changes, if the lease has expired or is not the
-- caller's.
create function public.editai_renew_lease(
  p_project_id text,
  p_lease_id uuid,
  p_fencing_token bigint,
  p_ttl_seconds double precision
) returns public.editai_lease_renewal
language plpgsql volatile security invoker set search_path = '' set lock_timeout = '2s' set statement_timeout = '2.3s' as $$
declare
  renewed boolean;
  expires_at timestamptz;
  v_check record;
begin
  select * into v_check from public.editai_lock_live_lease(p_project_id, p_lease_id, p_fencing_token);
  renewed := v_check.held;
  if not renewed then
    return (renewed, expires_at);
  end if;
  update public.editai_locks l set
    expires_at = least(v_check.checked_at + public.editai_ttl(p_ttl_seconds), l.deadline_at),
    stalled_at = v_check.checked_at + public.editai_ttl(p_ttl_seconds) * 2 / 3
  where l.project_id = p_project_id
  returning l.expires_at into expires_at;
  return (renewed, expires_at);
end
$$;
