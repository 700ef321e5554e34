-- Cancels the job that runs on a project: the job ends, progress and lease are deleted. Called by the library; the
-- worker learns of it from its next heartbeat.
-- Outcomes: cancelled (with the job; null if only a lease without a job was removed); idle (nothing was running);
-- project_not_found.
create function public.editai_cancel_job(
  p_project_id text,
  p_owner_id uuid
) returns public.editai_job_cancel
language plpgsql volatile security invoker set search_path = '' set lock_timeout = '2s' set statement_timeout = '2.3s' as $$
declare
  outcome text;
  job public.editai_jobs;
  v_had_lease boolean;
begin
  perform 1 from public.editai_projects p
  where p.id = p_project_id and (p_owner_id is null or p.owner_id = p_owner_id) for no key update;
  if not found then
    outcome := 'project_not_found';
    return (outcome, job);
  end if;
  delete from public.editai_locks l where l.project_id = p_project_id;
  v_had_lease := found;
  select j.* into job from public.editai_jobs j
  where j.project_id = p_project_id and j.status in ('queued', 'running') for update;
  if found then
    perform public.editai_end_job(job.id, 'cancelled', null, null);
    select j.* into job from public.editai_jobs j where j.id = job.id;
    outcome := 'cancelled';
  elsif v_had_lease then
    delete from public.editai_generation_progress g where g.project_id = p_project_id;
    outcome := 'cancelled';
  else
    outcome := 'idle';
  end if;
  return (outcome, job);
end
$$;
