-- Deletes at most p_limit sources that have been pending for longer than p_max_age_seconds: their upload URL was never
-- used.
-- Files that were uploaded to their paths become garbage. Called by the function lease_cleanup and by
-- editai_run_cleanup.
-- Returns the number of sources.
create function public.editai_cleanup_uploads(p_limit integer, p_max_age_seconds double precision) returns integer
language plpgsql volatile security invoker set search_path = '' set lock_timeout = '2s' set statement_timeout = '30s' as $$
declare
  v_now timestamptz := public.editai_clock();
  v_count integer;
begin
  with stale as (
    delete from public.editai_sources s
    where s.id in (
      select x.id from public.editai_sources x
      where x.status = 'pending' and x.created_at <= v_now - make_interval(secs => p_max_age_seconds)
      limit p_limit
      for update skip locked)
    returning s.project_id, s.storage_path
  )
  insert into public.editai_storage_garbage (project_id, prefix, not_before)
  select stale.project_id, stale.storage_path, v_now from stale;
  get diagnostics v_count = row_count;
  return v_count;
end
$$;
