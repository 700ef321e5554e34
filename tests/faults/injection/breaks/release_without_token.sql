-- A release that frees the key without checking its holder.
create or replace function public.editai_release_lease(p_project_id text, p_lease_id uuid, p_fencing_token bigint)
returns boolean
language plpgsql volatile security invoker set search_path = '' as $$
begin
  delete from public.editai_locks l where l.project_id = p_project_id and l.job_id is null;
  return found;
end
$$;
