-- Takes an active job from its holder and queues it again, at no cost of an attempt. Its lease has a new token, so the
-- holder stops at its next heartbeat and changes nothing more. Cleanup dispatches the job at its next run. Called by
-- operators, for a job whose worker is alive and makes no progress, or whose dispatch was lost.
-- Outcomes: requeued; ended; job_not_found.
create function public.editai_requeue_by_operator(p_job_id uuid) returns text
language plpgsql volatile security invoker set search_path = '' set lock_timeout = '2s' set statement_timeout = '2.3s' as $$
declare
  v_job public.editai_jobs;
begin
  select j.* into v_job from public.editai_jobs j where j.id = p_job_id;
  if not found or not public.editai_lock_project(v_job.project_id) then
    return 'job_not_found';
  end if;
  perform 1 from public.editai_locks l where l.project_id = v_job.project_id for update;
  select j.* into v_job from public.editai_jobs j where j.id = p_job_id for update;
  if v_job.status is null or v_job.status not in ('queued', 'running') then
    return 'ended';
  end if;
  insert into public.editai_job_events (job_id, event, attempt, fencing_token, holder)
  select v_job.id, 'withdrawn', v_job.attempt, l.fencing_token, l.holder
  from public.editai_locks l where l.project_id = v_job.project_id
  union all
  select v_job.id, 'withdrawn', v_job.attempt, v_job.fencing_token, null
  where not exists (select 1 from public.editai_locks l where l.project_id = v_job.project_id);
  if v_job.status = 'running' then
    update public.editai_jobs j set attempt = greatest(j.attempt - 1, 0) where j.id = p_job_id returning j.* into v_job;
  end if;
  -- The shortest time to live: it is due at cleanup's next run.
  perform public.editai_requeue_job(v_job, 0.001);
  return 'requeued';
end
$$;
