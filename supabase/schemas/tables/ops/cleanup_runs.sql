-- The last cleanup, for operators: one row for each that runs it, lease_cleanup and pg_cron.
create table public.editai_cleanup_runs (
  runner text primary key,
  ended_at timestamptz not null,
  duration_seconds double precision not null,
  -- The steps that failed; none in a complete run.
  failed_steps text[] not null,
  counts jsonb not null,
  -- When the last complete run ended; null until there was one.
  completed_at timestamptz
);

alter table public.editai_cleanup_runs enable row level security;
create policy editai_service_only on public.editai_cleanup_runs for all to service_role
  using (true) with check (true);
