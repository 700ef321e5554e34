-- Returns what holds a key now, or nulls if it is free: its live lease, or a project's queued job.
-- A queued job holds its project until it is claimed, cancelled or past its deadline, also after its dispatch lease has
-- expired, because a job that waits for a worker has done nothing wrong. The lease of such a job is returned with the
-- job's deadline as its end.
-- Called by check_project, acquire_lease, delete_project, delete_source and delete_clip. Under the project's row lock the result about
-- a queued job stays true; under the lease's row lock the result about a lease does.
create function public.editai_current_lease(p_project_id text) returns public.editai_locks
language plpgsql volatile security invoker set search_path = '' as $$
declare
  v_lease public.editai_locks;
  v_job public.editai_jobs;
  v_now timestamptz;
begin
  select l.* into v_lease from public.editai_locks l where l.project_id = p_project_id;
  select j.* into v_job from public.editai_jobs j where j.project_id = p_project_id and j.status = 'queued';
  v_now := public.editai_clock();
  if v_lease.expires_at > v_now and (v_job.id is null or v_lease.job_id is distinct from v_job.id) then
    return v_lease;
  elsif v_job.deadline_at > v_now then
    if v_lease.job_id is distinct from v_job.id then  -- its own lease is gone
      v_lease.project_id := p_project_id;
      v_lease.lease_id := pg_catalog.gen_random_uuid();
      v_lease.holder := 'dispatch';
      v_lease.fencing_token := 0;
      v_lease.job_id := v_job.id;
      v_lease.acquired_at := v_job.created_at;
    end if;
    v_lease.expires_at := v_job.deadline_at;
    v_lease.deadline_at := v_job.deadline_at;
    return v_lease;
  end if;
  return null;
end
$$;
