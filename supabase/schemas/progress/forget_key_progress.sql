-- Deletes the progress of a key that is no project, because its lease has ended: there is no one else to delete it. The
-- progress of a project stays. Called by release_lease and reclaim_lease, after they have deleted the lease.
create function public.editai_forget_key_progress(p_key text) returns void
language sql volatile security invoker set search_path = '' as $$
  delete from public.editai_generation_progress g
  where g.project_id = p_key and not exists (select 1 from public.editai_projects p where p.id = p_key)
$$;
