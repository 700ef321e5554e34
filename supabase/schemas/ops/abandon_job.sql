-- Lets the lease of an attempt that gives up end p_ttl_seconds from now, and notes why, for operators. Called by the worker,
-- when a fault may be gone in the next attempt; cleanup queues the job again.
-- Outcomes: abandoned; cancelled or lost, and then nothing was written. Raises 22023 for a bad time to live.
create function public.editai_abandon_job(
  p_project_id text,
  p_job_id uuid,
  p_lease_id uuid,
  p_fencing_token bigint,
  p_ttl_seconds double precision,
  p_code text
) returns text
language plpgsql volatile security invoker set search_path = '' set lock_timeout = '2s' set statement_timeout = '2.3s' as $$
begin
  if not public.editai_lock_job_lease(p_project_id, p_job_id, p_lease_id, p_fencing_token) then
    return public.editai_loss_reason(p_job_id);
  end if;
  perform public.editai_renew_lease(p_project_id, p_lease_id, p_fencing_token, p_ttl_seconds);
  insert into public.editai_job_events (job_id, event, attempt, fencing_token, holder, percentage, current_step, code)
  select j.id, 'abandoned', j.attempt, p_fencing_token, l.holder, g.percentage, g.current_step, left(p_code, 100)
  from public.editai_jobs j
  join public.editai_locks l on l.project_id = j.project_id
  left join public.editai_generation_progress g on g.project_id = j.project_id
  where j.id = p_job_id;
  return 'abandoned';
end
$$;
