-- Tells why a job's write was refused: cancelled (the user cancelled the job) or lost (the lease expired or has another
-- holder).
-- Called by heartbeat, clear_progress, record_clip and finish_job after the lease check has failed.
create function public.editai_loss_reason(p_job_id uuid) returns text
language sql stable security invoker set search_path = '' as $$
  select case when exists (select 1 from public.editai_jobs j where j.id = p_job_id and j.status = 'cancelled')
    then 'cancelled' else 'lost' end
$$;
