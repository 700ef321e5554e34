-- Deletes at most p_limit jobs that ended more than p_max_age_seconds ago, the longest ended first. Called by the function
-- lease_cleanup and by editai_run_cleanup.
-- A job's clips and exports stay, with their files and their job_id, which then names no row. So does the project's
-- progress; it no longer tells which job it was of.
-- Returns the number of jobs. A job that another transaction has locked is skipped. One that raises an error stays, with a
-- warning in Postgres's log; each has a subtransaction of its own, as in editai_cleanup_leases.
create function public.editai_cleanup_jobs(p_limit integer, p_max_age_seconds double precision) returns integer
language plpgsql volatile security invoker set search_path = '' set lock_timeout = '100ms' set statement_timeout = '29s'
-- A plan for any time would expect much to be due, and read the whole table.
set plan_cache_mode = force_custom_plan as $$
declare
  v_before timestamptz := public.editai_clock() - make_interval(secs => p_max_age_seconds);
  v_job_id uuid;
  v_count integer := 0;
begin
  for v_job_id in
    select j.id from public.editai_jobs j where j.finished_at <= v_before order by j.finished_at for update skip locked
  loop
    exit when v_count >= p_limit;
    begin
      delete from public.editai_jobs j where j.id = v_job_id;
      v_count := v_count + 1;
    exception when lock_not_available then
      continue;
    when others then
      raise warning 'cleanup leaves job % as it is: %', v_job_id, sqlerrm;
    end;
  end loop;
  return v_count;
end
$$;
