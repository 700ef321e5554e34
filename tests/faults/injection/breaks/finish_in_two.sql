-- A finish that ends the job, and leaves its lease to another transaction.
create or replace function public.editai_finish_job(
  p_project_id text,
  p_job_id uuid,
  p_lease_id uuid,
  p_fencing_token bigint,
  p_status text,
  p_result jsonb default null,
  p_error jsonb default null,
  p_export jsonb default null
) returns text
language plpgsql volatile security invoker set search_path = '' as $$
begin
  perform 1 from public.editai_projects p where p.id = p_project_id for no key update;
  if not public.editai_lock_job_lease(p_project_id, p_job_id, p_lease_id, p_fencing_token) then
    return public.editai_loss_reason(p_job_id);
  end if;
  perform public.editai_end_job(p_job_id, p_status, p_result, p_error);
  return 'finished';
end
$$;
