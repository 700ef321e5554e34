-- Queues an active job again, to be dispatched by the caller: it gets a new dispatch lease, whose fencing token is
-- returned, and is due to be dispatched once more when p_dispatch_ttl_seconds have passed. Called by reclaim_lease and
-- return_job, which hold the row locks of the project, the lease and the job.
create function public.editai_requeue_job(p_job public.editai_jobs, p_dispatch_ttl_seconds double precision) returns bigint
language plpgsql volatile security invoker set search_path = '' as $$
declare
  v_grant record;
begin
  -- Each dispatch has a token of its own. An expired lease is taken over; one that is still live is removed.
  delete from public.editai_locks l where l.project_id = p_job.project_id and l.expires_at > public.editai_clock();
  select * into v_grant from public.editai_grant_lease(
    p_job.project_id, pg_catalog.gen_random_uuid(), 'dispatch', p_dispatch_ttl_seconds, p_job.id, p_job.deadline_at);
  update public.editai_jobs j set
    status = 'queued',
    dispatches = j.dispatches + 1,
    dispatch_due_at = (v_grant.lease).acquired_at + public.editai_ttl(p_dispatch_ttl_seconds)
  where j.id = p_job.id;
  return (v_grant.lease).fencing_token;
end
$$;
