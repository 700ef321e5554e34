-- Locks the lease's row until the end of the transaction and tells whether the caller's lease is live and belongs to
-- this job.
-- Called by record_clip and finish_job.
create function public.editai_lock_job_lease(p_project_id text, p_job_id uuid, p_lease_id uuid, p_fencing_token bigint)
returns boolean
language sql volatile security invoker set search_path = '' as $$
  select coalesce(h.held and (h.lease).job_id = p_job_id, false)
  from public.editai_lock_live_lease(p_project_id, p_lease_id, p_fencing_token) h
$$;
