-- The only clock of leases and jobs: the database's, never a host's.
-- A function of its own, so that a test database can move time. Called by the functions of leases, jobs, cleanup and
-- library, and by column defaults. No other function reads the time.
create function public.editai_clock() returns timestamptz
language sql volatile security invoker set search_path = '' as $$
  select pg_catalog.clock_timestamp()
$$;
