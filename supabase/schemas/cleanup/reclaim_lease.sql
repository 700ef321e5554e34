-- Puts right one project, or another key, whose lease or queued job is due. Called by cleanup_leases, which says what is due
-- and describes the results. action is null if there is nothing to do: another transaction has locked a row, or a renewal
-- or a claim has come first. So the rows are judged after they are locked.
create function public.editai_reclaim_lease(
  p_project_id text,
  p_dispatch_ttl_seconds double precision
) returns public.editai_reclaimed
language plpgsql volatile security invoker set search_path = '' as $$
declare
  job_id uuid;
  fencing_token bigint;
  action text;
  code text;
  v_now timestamptz;
  v_is_project boolean;
  v_lease public.editai_locks;
  v_job public.editai_jobs;
begin
  -- A row that exists and was not locked is in use by another transaction. A key that is not a project has no project row.
  perform 1 from public.editai_projects p where p.id = p_project_id for no key update skip locked;
  v_is_project := found;
  if not found and exists (select 1 from public.editai_projects p where p.id = p_project_id) then
    return (job_id, fencing_token, action, code);
  end if;
  select l.* into v_lease from public.editai_locks l where l.project_id = p_project_id for update skip locked;
  if not found and exists (select 1 from public.editai_locks l where l.project_id = p_project_id) then
    return (job_id, fencing_token, action, code);
  end if;
  select j.* into v_job from public.editai_jobs j
  where v_is_project and j.project_id = p_project_id and j.status in ('queued', 'running') for update skip locked;
  if not found and exists (
    select 1 from public.editai_jobs j where j.project_id = p_project_id and j.status in ('queued', 'running')
  ) then
    return (job_id, fencing_token, action, code);
  end if;

  v_now := public.editai_clock();
  if v_job.id is null and v_lease.project_id is null then
    return (job_id, fencing_token, action, code);
  elsif v_job.status = 'queued' and v_job.dispatch_due_at > v_now and v_job.deadline_at > v_now then
    return (job_id, fencing_token, action, code);
  elsif v_lease.expires_at > v_now and (v_job.status is distinct from 'queued' or v_lease.job_id is distinct from v_job.id) then
    return (job_id, fencing_token, action, code);
  end if;

  job_id := coalesce(v_job.id, v_lease.job_id);
  fencing_token := v_lease.fencing_token;
  if v_job.id is null then
    delete from public.editai_locks l where l.project_id = p_project_id;
    perform public.editai_forget_key_progress(p_project_id);
    action := 'released';
  elsif v_job.attempt >= v_job.max_attempts or v_job.deadline_at <= v_now then
    perform public.editai_fail_exhausted_job(v_job);
    select j.error ->> 'code' into code from public.editai_jobs j where j.id = v_job.id;
    action := 'failed';
  else
    fencing_token := public.editai_requeue_job(v_job, p_dispatch_ttl_seconds);
    action := 'requeued';
  end if;
  return (job_id, fencing_token, action, code);
end
$$;
