-- Deletes at most p_limit deliveries that ended more than p_max_age_seconds ago. Called by lease_cleanup and by
-- editai_run_cleanup. Returns their number. A delivery that another transaction has locked is skipped.
create function public.editai_cleanup_deliveries(p_limit integer, p_max_age_seconds double precision) returns integer
language plpgsql volatile security invoker set search_path = '' set lock_timeout = '100ms' set statement_timeout = '29s'
-- A plan for any time would expect much to be due, and read the whole table.
set plan_cache_mode = force_custom_plan as $$
declare
  v_before timestamptz := public.editai_clock() - make_interval(secs => p_max_age_seconds);
  v_count integer;
begin
  delete from public.editai_webhook_deliveries d
  where d.id in (
    select x.id from public.editai_webhook_deliveries x
    where x.finished_at <= v_before order by x.finished_at limit p_limit for update skip locked
  );
  get diagnostics v_count = row_count;
  return v_count;
end
$$;
