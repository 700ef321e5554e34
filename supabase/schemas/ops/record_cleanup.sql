-- Stores how a cleanup ended, in the place of the one before. Called by lease_cleanup and run_cleanup.
create function public.editai_record_cleanup(
  p_runner text,
  p_duration_seconds double precision,
  p_failed_steps text[],
  p_counts jsonb
) returns void
language sql volatile security invoker set search_path = '' set lock_timeout = '2s' set statement_timeout = '2.3s' as $$
  insert into public.editai_cleanup_runs as r (runner, ended_at, duration_seconds, failed_steps, counts, completed_at)
  select p_runner, c.moment, p_duration_seconds, p_failed_steps, p_counts, case when p_failed_steps = '{}' then c.moment end
  from public.editai_clock() as c (moment)
  on conflict (runner) do update set
    ended_at = excluded.ended_at,
    duration_seconds = excluded.duration_seconds,
    failed_steps = excluded.failed_steps,
    counts = excluded.counts,
    completed_at = coalesce(excluded.completed_at, r.completed_at)
$$;
