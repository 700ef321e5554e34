-- Fails a job that has no attempt or no time left, and releases its project. Called by claim_job and reclaim_lease,
-- which hold the row locks of the project and the lease.
create function public.editai_fail_exhausted_job(p_job public.editai_jobs) returns void
language plpgsql volatile security invoker set search_path = '' as $$
begin
  perform public.editai_end_job((p_job).id, 'failed', null, case
    when (p_job).attempt >= (p_job).max_attempts then jsonb_build_object(
      'code', 'attempts_exhausted',
      'detail', format('The job stopped responding in each of its %s attempts.', (p_job).max_attempts))
    else jsonb_build_object('code', 'deadline_exceeded', 'detail', 'The job did not end before its deadline.')
  end);
  delete from public.editai_locks l where l.project_id = (p_job).project_id;
end
$$;
