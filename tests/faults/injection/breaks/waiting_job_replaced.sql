-- A queued job holds its project only while its dispatch lease is live, so a slow queue lets another start replace it.
create or replace function public.editai_current_lease(p_project_id text) returns public.editai_locks
language sql volatile security invoker set search_path = '' as $$
  select l from public.editai_locks l where l.project_id = p_project_id and l.expires_at > public.editai_clock()
$$;
