-- "Newest" and the positions of lists come from a sequence, because a clock may go back and a sequence never does.
-- The constant default rewrites no table, so each lock is held for milliseconds whatever the size. Rows from before get
-- the number 0, and among them created_at goes on to decide: the order in which a backfill would have numbered them.
-- Written by `make migration` from supabase/schemas, which says of each object what it is for.
-- Checksum of what follows, which shows changes by hand: 2bbdc395a8db4ab2

set lock_timeout = '5s';
set statement_timeout = '60s';

set local check_function_bodies = off;

create sequence public.editai_row_numbers as bigint increment by 1 minvalue 1 maxvalue 9223372036854775807 start with 1 cache 1 no cycle;

alter table public.editai_clips add column row_number bigint not null default 0;
alter table public.editai_clips alter column row_number set default nextval('public.editai_row_numbers');

alter table public.editai_exports add column row_number bigint not null default 0;
alter table public.editai_exports alter column row_number set default nextval('public.editai_row_numbers');

alter table public.editai_jobs add column row_number bigint not null default 0;
alter table public.editai_jobs alter column row_number set default nextval('public.editai_row_numbers');

alter table public.editai_projects add column row_number bigint not null default 0;
alter table public.editai_projects alter column row_number set default nextval('public.editai_row_numbers');

alter table public.editai_sources add column row_number bigint not null default 0;
alter table public.editai_sources alter column row_number set default nextval('public.editai_row_numbers');

-- Returns the version of the newest migration, 14 digits. Called by the library's readyz, to compare with
-- SCHEMA_VERSION.
-- `make migration` writes the same version here, in shared/database/schema_version.py and in the new file's name.
create or replace function public.editai_schema_version()
returns text
language sql immutable security invoker set search_path = '' as $$
  select '20261129163119'
$$;

-- Who may do what with tables and sequences; functions are restricted by restrict_functions.sql.
-- Supabase grants everything in schema public to all API roles by default, so everything is revoked first.
revoke all on
  public.editai_projects, public.editai_sources, public.editai_jobs, public.editai_clips, public.editai_export_presets,
  public.editai_exports, public.editai_locks, public.editai_generation_progress, public.editai_storage_garbage
  from public, anon, authenticated, service_role;
revoke all on sequence
  public.editai_fencing_tokens, public.editai_row_numbers, public.editai_storage_garbage_id_seq
  from public, anon, authenticated, service_role;

-- Users read their own rows, which the policies select, so that supabase-js and Realtime work. anon reads nothing.
grant select on
  public.editai_projects, public.editai_sources, public.editai_jobs, public.editai_clips, public.editai_export_presets,
  public.editai_exports, public.editai_generation_progress
  to authenticated;
-- Users see who holds a project and until when, but not lease_id: it is half of what proves that a caller holds the
-- lease.
grant select (project_id, holder, fencing_token, job_id, acquired_at, expires_at, deadline_at) on public.editai_locks
  to authenticated;

-- The SQL functions run with the rights of their caller, the service role. It gets what they need and no more: a job, a
-- clip or an export is deleted only with its project, and an export never changes. What follows a deleted project is
-- deleted by the foreign key, which needs no grant.
grant select, insert, update, delete on
  public.editai_projects, public.editai_sources, public.editai_locks, public.editai_generation_progress
  to service_role;
grant select, insert, update on public.editai_jobs, public.editai_clips to service_role;
grant select, insert on public.editai_exports to service_role;
grant select, insert, delete on public.editai_storage_garbage to service_role;
grant select on public.editai_export_presets to service_role;
grant usage on sequence
  public.editai_fencing_tokens, public.editai_row_numbers, public.editai_storage_garbage_id_seq
  to service_role;

call public.editai_restrict_functions();

notify pgrst, 'reload schema';
