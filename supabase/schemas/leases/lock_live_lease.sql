-- Locks the lease's row until the end of the transaction and tells whether the caller's lease is live.
-- Every write that must be fenced calls it first; the row lock keeps the result true until that write is committed.
-- Returns held, the lease's row, and checked_at: the clock's time after the lock was taken, by which held was decided.
create function public.editai_lock_live_lease(
  p_project_id text,
  p_lease_id uuid,
  p_fencing_token bigint
) returns public.editai_lease_check
language plpgsql volatile security invoker set search_path = '' as $$
declare
  held boolean;
  lease public.editai_locks;
  checked_at timestamptz;
begin
  select l.* into lease from public.editai_locks l where l.project_id = p_project_id for update;
  checked_at := public.editai_clock();
  held := coalesce(
    lease.lease_id = p_lease_id and lease.fencing_token = p_fencing_token and lease.expires_at > checked_at, false);
  return (held, lease, checked_at);
end
$$;
