-- Takes the lease of a key for p_ttl_seconds. Any function may use it, with any key.
-- Returns granted and the lease: the caller's, or the live lease of another holder. A second call with the same
-- lease_id while the lease is live returns the same grant, so a call whose response was lost is safe to retry.
-- If it takes over the expired lease of a job, that job ends as failed (superseded). Raises 22023 for a bad time to
-- live.
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
  -- A conflict only reads: no row lock, no dead row, no token used.
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
