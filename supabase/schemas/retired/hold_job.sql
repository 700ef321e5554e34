-- Renamed to editai_lock_job_lease. See the README for when to delete it.
create function public.editai_hold_job(p_project_id text, p_job_id uuid, p_lease_id uuid, p_fencing_token bigint)
returns boolean
language sql volatile security invoker set search_path = '' as $$
  select coalesce(h.held and (h.lease).job_id = p_job_id, false)
  from public.editai_hold_lease(p_project_id, p_lease_id, p_fencing_token) h
$$;
