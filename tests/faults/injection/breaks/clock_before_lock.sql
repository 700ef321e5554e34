-- A lease that is judged by a moment before its row could be locked.
create or replace function public.editai_lock_live_lease(
  p_project_id text,
  p_lease_id uuid,
  p_fencing_token bigint,
  out held boolean,
  out lease public.editai_locks,
  out checked_at timestamptz
)
language plpgsql volatile security invoker set search_path = '' as $$
begin
  checked_at := public.editai_clock();
  select l.* into lease from public.editai_locks l where l.project_id = p_project_id for update;
  held := coalesce(
    lease.lease_id = p_lease_id and lease.fencing_token = p_fencing_token and lease.expires_at > checked_at, false);
end
$$;
