-- The indexes of the order by row_number, in a migration of their own: while they are built, writes to their tables wait,
-- and nothing else does. The next migration uses them, and drops those that they replace.
-- Written by `make migration` from supabase/schemas, which says of each object what it is for.
-- Checksum of what follows, which shows changes by hand: 6fa6b8bfd973b15a

set lock_timeout = '5s';
set statement_timeout = '60s';

set local check_function_bodies = off;

-- Returns the version of the newest migration, 14 digits. Called by the library's readyz, to compare with
-- SCHEMA_VERSION.
-- `make migration` writes the same version here, in shared/database/schema_version.py and in the new file's name.
create or replace function public.editai_schema_version()
returns text
language sql immutable security invoker set search_path = '' as $$
  select '20261129163225'
$$;

-- A transaction cannot build an index concurrently; statement_timeout limits how long writes wait.
-- squawk-ignore require-concurrent-index-creation
create index editai_exports_newest on public.editai_exports using btree (clip_id, row_number desc, created_at desc, id desc);

-- A transaction cannot build an index concurrently; statement_timeout limits how long writes wait.
-- squawk-ignore require-concurrent-index-creation
create index editai_jobs_newest on public.editai_jobs using btree (project_id, row_number desc, created_at desc);

-- A transaction cannot build an index concurrently; statement_timeout limits how long writes wait.
-- squawk-ignore require-concurrent-index-creation
create index editai_projects_newest on public.editai_projects using btree (owner_id, row_number desc, created_at desc, id desc);

-- A transaction cannot build an index concurrently; statement_timeout limits how long writes wait.
-- squawk-ignore require-concurrent-index-creation
create index editai_sources_newest on public.editai_sources using btree (project_id, row_number desc, created_at desc, id desc);

call public.editai_restrict_functions();

notify pgrst, 'reload schema';
