-- Tells whether a job could start now; locks and writes nothing. The library calls it before it reads an upload's body,
-- and start_job calls it first. A null owner is the service itself, which may use every project.
-- Outcomes:
--   free               a job could start
--   busy               a live lease or a queued job holds the project; job and lease tell whose
--   replayed           this idempotency key, or this job id, has already started a job; returned as job
--   key_reused         the idempotency key was used with another request
--   project_not_found  there is no such project of this owner
--   too_many_jobs      the owner has p_max_active_jobs on other projects, see editai_has_too_many_jobs
--   too_many_starts    the owner has started p_max_starts_per_minute jobs; wait_seconds of rate says for how long
--   too_many_probes    the owner has had p_max_probes_per_minute, which a caller passes that is going to probe a file
-- rate is where the owner stands with starts, or with probes where those are the reason; null without a limit.
create function public.editai_check_project(
  p_project_id text,
  p_owner_id uuid,
  p_job_id uuid default null,
  p_idempotency_key text default null,
  p_request_hash text default null,
  p_max_active_jobs integer default null,
  p_max_starts_per_minute integer default null,
  p_max_probes_per_minute integer default null
) returns public.editai_project_check
language plpgsql volatile security invoker set search_path = '' set lock_timeout = '2s' set statement_timeout = '2.3s' as $$
declare
  outcome text;
  job public.editai_jobs;
  lease public.editai_locks;
  rate public.editai_rate;
begin
  if not exists (
    select 1 from public.editai_projects p
    where p.id = p_project_id and (p_owner_id is null or p.owner_id = p_owner_id)
  ) then
    outcome := 'project_not_found';
    return (outcome, job, lease, rate);
  end if;
  if p_job_id is not null then
    select j.* into job from public.editai_jobs j where j.id = p_job_id and j.project_id = p_project_id;
  end if;
  if job.id is null and p_idempotency_key is not null then
    select j.* into job from public.editai_jobs j
    where j.project_id = p_project_id and j.idempotency_key = p_idempotency_key;
  end if;
  if job.id is not null then
    outcome := case
      when job.id = p_job_id or p_request_hash is null or job.request_hash = p_request_hash then 'replayed'
      else 'key_reused'
    end;
    return (outcome, job, lease, rate);
  end if;
  select * into lease from public.editai_current_lease(p_project_id);
  if lease.project_id is not null then
    select j.* into job from public.editai_jobs j where j.id = lease.job_id;
    if found then
      job.params := '{}';  -- private to the holder, and possibly large
    end if;
    outcome := 'busy';
    return (outcome, job, lease, rate);
  end if;
  if public.editai_has_too_many_jobs(p_owner_id, p_project_id, p_max_active_jobs) then
    outcome := 'too_many_jobs';
    return (outcome, job, lease, rate);
  end if;
  outcome := 'free';
  rate := public.editai_current_rate(p_owner_id, 'probe', p_max_probes_per_minute);
  if rate.wait_seconds > 0 then
    outcome := 'too_many_probes';
    return (outcome, job, lease, rate);
  end if;
  rate := public.editai_current_rate(p_owner_id, 'start', p_max_starts_per_minute);
  if rate.wait_seconds > 0 then
    outcome := 'too_many_starts';
  end if;
  return (outcome, job, lease, rate);
end
$$;
