-- Gives a job back before its worker stops, so that another worker goes on at once: the job is queued again under a new
-- dispatch lease, and its attempt does not count. Called by a worker that was told to stop.
-- Its progress stays as it is until the next claim. The files of the attempt that no row points at are removed by cleanup.
-- Outcomes:
--   returned   the job is queued, to be dispatched by the caller; dispatch_token is the fencing token of the dispatch lease.
--              Also when the call is repeated because its response was lost, or when cleanup has queued this attempt's job
--   cancelled  the user cancelled the job; nothing was written
--   lost       the lease has expired or has another holder; nothing was written
-- Raises 22023 for a bad time to live.
create function public.editai_return_job(
  p_project_id text,
  p_job_id uuid,
  p_lease_id uuid,
  p_fencing_token bigint,
  p_dispatch_ttl_seconds double precision
) returns public.editai_job_return
language plpgsql volatile security invoker set search_path = '' set lock_timeout = '2s' set statement_timeout = '2.3s' as $$
declare
  outcome text;
  dispatch_token bigint;
  v_job public.editai_jobs;
begin
  if not public.editai_lock_project(p_project_id) then
    outcome := public.editai_loss_reason(p_job_id);
    return (outcome, dispatch_token);
  end if;
  if not public.editai_lock_job_lease(p_project_id, p_job_id, p_lease_id, p_fencing_token) then
    select l.fencing_token into dispatch_token
    from public.editai_jobs j
    join public.editai_locks l on l.project_id = j.project_id and l.job_id = j.id
    where j.id = p_job_id and j.status = 'queued' and j.fencing_token = p_fencing_token;
    outcome := case when found then 'returned' else public.editai_loss_reason(p_job_id) end;
    return (outcome, dispatch_token);
  end if;
  update public.editai_jobs j set attempt = greatest(j.attempt - 1, 0) where j.id = p_job_id returning j.* into v_job;
  dispatch_token := public.editai_requeue_job(v_job, p_dispatch_ttl_seconds);
  perform public.editai_discard_outputs(p_project_id, p_job_id, p_fencing_token);
  outcome := 'returned';
  return (outcome, dispatch_token);
end
$$;
