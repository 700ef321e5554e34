-- Indexes for cleanup and lists, in a migration of their own: while they are built, writes to their tables wait, and nothing
-- else does. The next migration uses them.
-- Written by `make migration` from supabase/schemas, which says of each object what it is for.
-- Checksum of what follows, which shows changes by hand: a479f637f79b541d

set lock_timeout = '5s';
set statement_timeout = '60s';

set local check_function_bodies = off;

-- Returns the version of the newest migration, 14 digits. Called by the library's readyz, to compare with
-- SCHEMA_VERSION.
-- `make migration` writes the same version here, in shared/database/schema_version.py and in the new file's name.
create or replace function public.editai_schema_version()
returns text
language sql immutable security invoker set search_path = '' as $$
  select '20261129172550'
$$;

-- A transaction cannot build an index concurrently; statement_timeout limits how long writes wait.
-- squawk-ignore require-concurrent-index-creation
create index editai_clips_newest on public.editai_clips using btree (project_id, row_number desc, created_at desc, id desc);

-- A transaction cannot build an index concurrently; statement_timeout limits how long writes wait.
-- squawk-ignore require-concurrent-index-creation
create index editai_jobs_ended_with_key on public.editai_jobs using btree (finished_at)
  where ((finished_at is not null) and (idempotency_key is not null));

-- A transaction cannot build an index concurrently; statement_timeout limits how long writes wait.
-- squawk-ignore require-concurrent-index-creation
create index editai_jobs_ended on public.editai_jobs using btree (finished_at)
  where (finished_at is not null);

-- A transaction cannot build an index concurrently; statement_timeout limits how long writes wait.
-- squawk-ignore require-concurrent-index-creation
create index editai_jobs_queued_due on public.editai_jobs using btree (least(coalesce(dispatch_due_at, '-infinity'::timestamp with time zone), deadline_at))
  where (status = 'queued'::text);

-- A transaction cannot build an index concurrently; statement_timeout limits how long writes wait.
-- squawk-ignore require-concurrent-index-creation
create index editai_sources_by_path on public.editai_sources using btree (storage_path collate "C");

-- A transaction cannot build an index concurrently; statement_timeout limits how long writes wait.
-- squawk-ignore require-concurrent-index-creation
create index editai_sources_pending on public.editai_sources using btree (created_at)
  where (status = 'pending'::text);

-- A transaction cannot build an index concurrently; statement_timeout limits how long writes wait.
-- squawk-ignore require-concurrent-index-creation
create index editai_storage_garbage_due on public.editai_storage_garbage using btree (not_before);

call public.editai_restrict_functions();

notify pgrst, 'reload schema';
