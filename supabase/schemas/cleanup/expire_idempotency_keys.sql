-- Removes the idempotency keys of at most p_limit jobs that ended more than p_max_age_seconds ago. A request with such a key
-- starts a new job. Called by the function lease_cleanup and by editai_run_cleanup.
-- Returns the number of keys. A job that another transaction has locked is skipped.
create function public.editai_expire_idempotency_keys(p_limit integer, p_max_age_seconds double precision) returns integer
language plpgsql volatile security invoker set search_path = '' set lock_timeout = '100ms' set statement_timeout = '29s'
-- A plan for any time would expect much to be due, and read the whole table.
set plan_cache_mode = force_custom_plan as $$
declare
  v_before timestamptz := public.editai_clock() - make_interval(secs => p_max_age_seconds);
  v_count integer;
begin
  update public.editai_jobs j set idempotency_key = null, request_hash = null
  where j.id in (
    select x.id from public.editai_jobs x
    where x.finished_at <= v_before and x.idempotency_key is not null
    order by x.finished_at limit p_limit for update skip locked
  );
  get diagnostics v_count = row_count;
  return v_count;
end
$$;
