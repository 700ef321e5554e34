-- Plan each query of a user for one row, so that estimates, which the API shows, do not tell what others have.
-- Written by `make migration` from supabase/schemas, which says of each object what it is for.
-- Checksum of what follows, which shows changes by hand: 470c05a9b80a326e

set lock_timeout = '5s';
set statement_timeout = '60s';

set local check_function_bodies = off;

drop policy editai_owner_reads on public.editai_clips;

drop policy editai_owner_reads on public.editai_exports;

drop policy editai_owner_reads on public.editai_generation_progress;

drop policy editai_owner_reads on public.editai_jobs;

drop policy editai_owner_reads on public.editai_locks;

drop policy editai_owner_reads on public.editai_projects;

drop policy editai_owner_reads on public.editai_sources;

-- Returns the version of the newest migration, 14 digits. Called by the library's readyz, to compare with
-- SCHEMA_VERSION.
-- `make migration` writes the same version here, in shared/database/schema_version.py and in the new file's name.
create or replace function public.editai_schema_version()
returns text
language sql immutable security invoker set search_path = '' as $$
  select '20261129230728'
$$;

create policy editai_owner_reads on public.editai_clips
  for select
  to authenticated
  using (((project_id = any (array( select p.id
   from public.editai_projects p
  where (p.owner_id = ( select auth.uid() as uid))))) and ((project_id || ''::text) = all (( select '{}'::text[] as text)::text[]))));

create policy editai_owner_reads on public.editai_exports
  for select
  to authenticated
  using (((project_id = any (array( select p.id
   from public.editai_projects p
  where (p.owner_id = ( select auth.uid() as uid))))) and ((project_id || ''::text) = all (( select '{}'::text[] as text)::text[]))));

create policy editai_owner_reads on public.editai_generation_progress
  for select
  to authenticated
  using (((project_id = any (array( select p.id
   from public.editai_projects p
  where (p.owner_id = ( select auth.uid() as uid))))) and ((project_id || ''::text) = all (( select '{}'::text[] as text)::text[]))));

create policy editai_owner_reads on public.editai_jobs
  for select
  to authenticated
  using (((project_id = any (array( select p.id
   from public.editai_projects p
  where (p.owner_id = ( select auth.uid() as uid))))) and ((project_id || ''::text) = all (( select '{}'::text[] as text)::text[]))));

create policy editai_owner_reads on public.editai_locks
  for select
  to authenticated
  using (((project_id = any (array( select p.id
   from public.editai_projects p
  where (p.owner_id = ( select auth.uid() as uid))))) and ((project_id || ''::text) = all (( select '{}'::text[] as text)::text[]))));

create policy editai_owner_reads on public.editai_projects
  for select
  to authenticated
  using (((owner_id = ( select auth.uid() as uid)) and ((owner_id)::text = all (( select '{}'::text[] as text)::text[]))));

create policy editai_owner_reads on public.editai_sources
  for select
  to authenticated
  using (((project_id = any (array( select p.id
   from public.editai_projects p
  where (p.owner_id = ( select auth.uid() as uid))))) and ((project_id || ''::text) = all (( select '{}'::text[] as text)::text[]))));

call public.editai_restrict_functions();

notify pgrst, 'reload schema';
