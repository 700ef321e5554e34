-- Renamed to editai_lock_live_lease. See the README for when to delete it.
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
