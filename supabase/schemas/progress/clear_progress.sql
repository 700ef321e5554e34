-- Deletes a project's progress row for the worker that holds its lease.
-- Outcomes: cleared; cancelled or lost, and then nothing was written.
create function public.editai_clear_progress(p_project_id text, p_job_id uuid, p_lease_id uuid, p_fencing_token bigint)
returns text
language plpgsql volatile security invoker set search_path = '' set lock_timeout = '2s' set statement_timeout = '2.3s' as $$
begin
  if not (select h.held from public.editai_lock_live_lease(p_project_id, p_lease_id, p_fencing_token) h) then
    return public.editai_loss_reason(p_job_id);
  end if;
  delete from public.editai_generation_progress g where g.project_id = p_project_id;
  return 'cleared';
end
$$;
