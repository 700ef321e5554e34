-- A cleanup that takes what its scan saw for true, without locking the lease's row and looking again.
create or replace function public.editai_cleanup_leases(p_limit integer, p_dispatch_ttl_seconds double precision)
returns table (project_id text, job_id uuid, fencing_token bigint, action text, code text)
language plpgsql volatile security invoker set search_path = '' as $$
declare
  v_now timestamptz := public.editai_clock();
  v_lease public.editai_locks;
  v_job public.editai_jobs;
begin
  for v_lease in
    select l.* from public.editai_locks l where l.expires_at <= v_now order by l.expires_at limit p_limit
  loop
    project_id := v_lease.project_id;
    job_id := v_lease.job_id;
    perform 1 from public.editai_projects p where p.id = v_lease.project_id for no key update;
    select j.* into v_job from public.editai_jobs j where j.id = v_lease.job_id and j.status in ('queued', 'running');
    if not found then
      delete from public.editai_locks l where l.project_id = v_lease.project_id;
      action := 'released';
    elsif v_job.attempt >= v_job.max_attempts or v_job.deadline_at <= v_now then
      perform public.editai_fail_exhausted_job(v_job);
      action := 'failed';
    else
      update public.editai_locks l set
        lease_id = pg_catalog.gen_random_uuid(),
        holder = 'dispatch',
        fencing_token = nextval('public.editai_fencing_tokens'),
        acquired_at = public.editai_clock(),
        expires_at = public.editai_clock() + public.editai_ttl(p_dispatch_ttl_seconds)
      where l.project_id = v_lease.project_id;
      update public.editai_jobs j set status = 'queued' where j.id = v_job.id;
      action := 'requeued';
    end if;
    return next;
  end loop;
end
$$;
