-- Gives a worker the job, its lease and what it needs to continue: the sources, and the clips recorded so far.
-- Dispatch is at least once, so the same job may be claimed at any time and any number of times.
-- The attempt's progress starts here, where the recorded clips stand. Otherwise a reader would see the percentage of the
-- attempt before, which the first heartbeat would then take back.
-- Outcomes:
--   claimed        the lease is the caller's; also when the call is repeated with the same p_lease_id
--   running        another worker has the job
--   ended          the job has ended: nothing to do
--   exhausted      no attempt or no time is left: the job has just been failed
--   drained        the holder gets no further jobs, see drains.sql
--   busy           another lease holds the project
--   job_not_found  there is no such job
create function public.editai_claim_job(
  p_job_id uuid,
  p_lease_id uuid,
  p_holder text,
  p_ttl_seconds double precision
) returns public.editai_job_claim
language plpgsql volatile security invoker set search_path = '' set lock_timeout = '2s' set statement_timeout = '2.3s' as $$
declare
  outcome text;
  job public.editai_jobs;
  lease public.editai_locks;
  sources public.editai_sources[];
  clips public.editai_clips[];
  v_grant record;
  v_now timestamptz;
begin
  select j.* into job from public.editai_jobs j where j.id = p_job_id;
  if not found or not public.editai_lock_project(job.project_id) then
    job := null;  -- its project was deleted, and the job with it
    outcome := 'job_not_found';
    return (outcome, job, lease, sources, clips);
  end if;
  select l.* into lease from public.editai_locks l where l.project_id = job.project_id for update;
  select j.* into job from public.editai_jobs j where j.id = p_job_id for update;
  v_now := public.editai_clock();

  if job.id is null then
    outcome := 'job_not_found';
  elsif job.status not in ('queued', 'running') then
    outcome := 'ended';
  elsif lease.expires_at > v_now and lease.job_id is distinct from job.id then
    outcome := 'busy';
  elsif lease.expires_at > v_now and job.status = 'running' and lease.lease_id is distinct from p_lease_id then
    outcome := 'running';
  elsif lease.expires_at > v_now and job.status = 'running' then
    outcome := 'claimed';
  elsif job.attempt >= job.max_attempts or job.deadline_at <= v_now then
    perform public.editai_fail_exhausted_job(job);
    select j.* into job from public.editai_jobs j where j.id = p_job_id;
    outcome := 'exhausted';
  end if;

  if outcome is null and exists (select 1 from public.editai_drains d where starts_with(p_holder, d.holder)) then
    outcome := 'drained';
  end if;
  if outcome is null then
    -- Remove the dispatch lease, so that the worker's lease gets a new token.
    delete from public.editai_locks l where l.project_id = job.project_id;
    select * into v_grant from public.editai_grant_lease(
      job.project_id, p_lease_id, p_holder, p_ttl_seconds, job.id, job.deadline_at);
    lease := v_grant.lease;
    update public.editai_jobs j set
      status = 'running',
      attempt = j.attempt + 1,
      fencing_token = lease.fencing_token,
      started_at = coalesce(j.started_at, v_now)
    where j.id = p_job_id
    returning j.* into job;
    perform public.editai_resume_progress(job.project_id, 'Starting', lease.fencing_token);
    outcome := 'claimed';
  end if;

  if outcome = 'claimed' then
    sources := array(
      select s from public.editai_sources s
      where s.project_id = job.project_id and s.status = 'ready'
      order by s.row_number, s.created_at, s.id);
    clips := array(
      select c from public.editai_clips c where c.job_id = p_job_id order by c.variant_number);
  end if;
  return (outcome, job, lease, sources, clips);
end
$$;
