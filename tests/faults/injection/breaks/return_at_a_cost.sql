-- A return that queues the job again, but leaves its attempt spent.
create or replace function public.editai_return_job(
  p_project_id text,
  p_job_id uuid,
  p_lease_id uuid,
  p_fencing_token bigint,
  p_dispatch_ttl_seconds double precision,
  out outcome text,
  out dispatch_token bigint
)
language plpgsql volatile security invoker set search_path = '' as $$
declare
  v_job public.editai_jobs;
begin
  outcome := 'lost';
  perform 1 from public.editai_projects p where p.id = p_project_id for no key update;
  if public.editai_lock_job_lease(p_project_id, p_job_id, p_lease_id, p_fencing_token) then
    select j.* into v_job from public.editai_jobs j where j.id = p_job_id for update;
    dispatch_token := public.editai_requeue_job(v_job, p_dispatch_ttl_seconds);
    outcome := 'returned';
  end if;
end
$$;
