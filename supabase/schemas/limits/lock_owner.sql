-- Makes the calls of an owner that count what the owner has run one after the other, until the end of the transaction, so that
-- together they cannot pass a limit. Called by start_job, create_project and create_source, after the project's row lock
-- and before the lease's: a caller that holds it never waits for a project's row lock.
create function public.editai_lock_owner(p_owner_id uuid) returns void
language sql volatile security invoker set search_path = '' as $$
  select pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended('editai_owner ' || p_owner_id, 0))
$$;
