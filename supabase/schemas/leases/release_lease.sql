-- Releases a lease. Returns whether it was the caller's; another holder's lease stays as it is.
-- With the lease of a key that is no project its progress is deleted.
-- The row of a job's lease is not deleted but expires at once: cleanup finds the job by that row, so no job stays
-- active without a lease. (editai_finish_job ends the job and deletes its lease itself.)
create function public.editai_release_lease(p_project_id text, p_lease_id uuid, p_fencing_token bigint) returns boolean
language plpgsql volatile security invoker set search_path = '' set lock_timeout = '2s' set statement_timeout = '2.3s' as $$
begin
  delete from public.editai_locks l
  where l.project_id = p_project_id and l.lease_id = p_lease_id and l.fencing_token = p_fencing_token and l.job_id is null;
  if found then
    perform public.editai_forget_key_progress(p_project_id);
    return true;
  end if;
  update public.editai_locks l set expires_at = least(l.expires_at, public.editai_clock())
  where l.project_id = p_project_id and l.lease_id = p_lease_id and l.fencing_token = p_fencing_token;
  return found;
end
$$;
