-- Deletes at most p_limit sources that have been pending for longer than p_max_age_seconds, the oldest first: their upload
-- URL was never used.
-- Files that were uploaded to their paths become garbage. Called by the function lease_cleanup and by
-- editai_run_cleanup.
-- Returns the number of sources. A source that another transaction has locked is skipped. One that raises an error stays,
-- with a warning in Postgres's log; each has a subtransaction of its own, as in editai_cleanup_leases.
create function public.editai_cleanup_uploads(p_limit integer, p_max_age_seconds double precision) returns integer
language plpgsql volatile security invoker set search_path = '' set lock_timeout = '100ms' set statement_timeout = '29s'
-- A plan for any time would expect much to be due, and read the whole table.
set plan_cache_mode = force_custom_plan as $$
declare
  v_now timestamptz := public.editai_clock();
  v_source record;
  v_count integer := 0;
begin
  for v_source in
    select s.id, s.project_id, s.storage_path from public.editai_sources s
    where s.status = 'pending' and s.created_at <= v_now - make_interval(secs => p_max_age_seconds)
    order by s.created_at for update skip locked
  loop
    exit when v_count >= p_limit;
    begin
      delete from public.editai_sources s where s.id = v_source.id;
      insert into public.editai_storage_garbage (project_id, prefix, not_before)
      values (v_source.project_id, v_source.storage_path, v_now);
      v_count := v_count + 1;
    exception when lock_not_available then
      continue;
    when others then
      raise warning 'cleanup leaves source % as it is: %', v_source.id, sqlerrm;
    end;
  end loop;
  return v_count;
end
$$;
