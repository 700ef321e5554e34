-- Takes the lease of a key for p_ttl_seconds. Any function may use it, with any key.
-- Returns granted and the lease: the caller's, or that of the current holder, which may be a queued job. A second call with the same
-- lease_id while the lease is live returns the same grant, so a call whose response was lost is safe to retry.
-- If it takes over the expired lease of a running job, or the project of a queued job that is past its deadline, that job
-- ends as failed (superseded). Raises 22023 for a bad time to
-- live.
create function public.editai_acquire_lease(
  p_project_id text,
  p_lease_id uuid,
  p_holder text,
  p_ttl_seconds double precision
) returns public.editai_lease_grant
language plpgsql volatile security invoker set search_path = '' set lock_timeout = '2s' set statement_timeout = '2.3s' as $$
declare
  granted boolean;
  lease public.editai_locks;
  v_grant record;
  v_is_project boolean;
begin
  perform public.editai_ttl(p_ttl_seconds);
  -- Checked twice: without a lock, so that a conflict only reads: no row lock, no dead row, no token used; then under the
  -- lock, where a job stays queued.
  for i in 1..2 loop
    select * into lease from public.editai_current_lease(p_project_id);
    if lease.project_id is not null then
      granted := lease.lease_id is not distinct from p_lease_id;
      return (granted, lease);
    end if;
    if i = 1 then
      v_is_project := public.editai_lock_project(p_project_id);
    end if;
  end loop;
  select * into v_grant
  from public.editai_grant_lease(p_project_id, p_lease_id, p_holder, p_ttl_seconds, null, null);
  granted := v_grant.granted;
  lease := v_grant.lease;
  if granted and v_is_project then
    perform public.editai_supersede_jobs(p_project_id);
  end if;
  return (granted, lease);
end
$$;
