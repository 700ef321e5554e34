-- One rule for names, in the library and in the tables; the URL of a deleted file ends with its row; users do not see which
-- host holds a lease. Names from before are cleaned; one of invisible characters alone becomes "Untitled".
-- Written by `make migration` from supabase/schemas, which says of each object what it is for.
-- Checksum of what follows, which shows changes by hand: 8983fa1b21490cf3

set lock_timeout = '5s';
set statement_timeout = '60s';

set local check_function_bodies = off;

alter table public.editai_clips
  -- The check of names, below, includes it.
  -- squawk-ignore ban-drop-constraint
  drop constraint editai_clips_variant_name_has_a_length;

alter table public.editai_projects
  -- The check of names, below, includes it.
  -- squawk-ignore ban-drop-constraint
  drop constraint editai_projects_name_has_a_length;

-- Tells whether a row refers to a stored file: a source's, or the video or picture of a clip or export. The library asks
-- before it serves a file of a local directory, so that a URL ends with its row, not with the file, which cleanup removes.
-- The path of an output names its job, so few rows are read, by an index.
create function public.editai_has_file(p_path text) returns boolean
language sql stable security invoker set search_path = '' set statement_timeout = '8s' as $$
  with job as (
    select case
      when p_path ~ '^[^/]+/jobs/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/' then split_part(p_path, '/', 3)::uuid
    end as id
  )
  select exists (select 1 from public.editai_sources s where s.storage_path collate "C" = p_path)
    or exists (
      select 1 from public.editai_clips c, job where c.job_id = job.id and p_path in (c.storage_path, c.thumbnail_path)
    )
    or exists (
      select 1 from public.editai_exports e, job where e.job_id = job.id and p_path in (e.storage_path, e.thumbnail_path)
    )
$$;

-- Tells whether a text is a name that people may be shown: of a project, a clip or a source's file. It has 1 to 200
-- characters, one of them visible, no space at either end, no control characters and no invisible marks of direction.
-- The same rule is shared/names.py, which the library applies first; a test compares the two for every character.
-- Called by the checks of tables.
create function public.editai_is_name(p_name text) returns boolean
language sql immutable parallel safe security invoker set search_path = '' as $$
  select char_length(p_name) between 1 and 200
    and p_name !~ '[\u0001-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ufffe\uffff]'
    and p_name ~ '[^ \u00a0\u1680\u2000-\u200a\u202f\u205f\u3000\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u180f\u200c\u200d\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0000-\U000e0fff]'
    and p_name !~ '^[ \u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]|[ \u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]$'
$$;

-- Returns the version of the newest migration, 14 digits. Called by the library's readyz, to compare with
-- SCHEMA_VERSION.
-- `make migration` writes the same version here, in shared/database/schema_version.py and in the new file's name.
create or replace function public.editai_schema_version()
returns text
language sql immutable security invoker set search_path = '' as $$
  select '20261130000756'
$$;

update public.editai_clips set variant_name = case when public.editai_is_name(cleaned.name) then cleaned.name else 'Untitled' end
from (
  select e.id, btrim(left(btrim(regexp_replace(e.variant_name, '[\u0001-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ufffe\uffff]', '', 'g'), v.spaces), 200), v.spaces) as name
  from public.editai_clips e, (values (U&' \00a0\1680\2000\2001\2002\2003\2004\2005\2006\2007\2008\2009\200a\202f\205f\3000')) v (spaces)
  where not public.editai_is_name(e.variant_name)
) cleaned
where editai_clips.id = cleaned.id;

update public.editai_projects set name = case when public.editai_is_name(cleaned.name) then cleaned.name else 'Untitled' end
from (
  select e.id, btrim(left(btrim(regexp_replace(e.name, '[\u0001-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ufffe\uffff]', '', 'g'), v.spaces), 200), v.spaces) as name
  from public.editai_projects e, (values (U&' \00a0\1680\2000\2001\2002\2003\2004\2005\2006\2007\2008\2009\200a\202f\205f\3000')) v (spaces)
  where not public.editai_is_name(e.name)
) cleaned
where editai_projects.id = cleaned.id;

update public.editai_sources set file_name = case when public.editai_is_name(cleaned.name) then cleaned.name else 'Untitled' end
from (
  select e.id, btrim(left(btrim(regexp_replace(e.file_name, '[\u0001-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ufffe\uffff]', '', 'g'), v.spaces), 200), v.spaces) as name
  from public.editai_sources e, (values (U&' \00a0\1680\2000\2001\2002\2003\2004\2005\2006\2007\2008\2009\200a\202f\205f\3000')) v (spaces)
  where not public.editai_is_name(e.file_name)
) cleaned
where editai_sources.id = cleaned.id;

alter table public.editai_clips
  -- One transaction holds the same lock with `not valid` and without it; statement_timeout limits how long writes wait.
  -- squawk-ignore constraint-missing-not-valid
  add constraint editai_clips_variant_name_is_a_name check (public.editai_is_name(variant_name));

alter table public.editai_projects
  -- One transaction holds the same lock with `not valid` and without it; statement_timeout limits how long writes wait.
  -- squawk-ignore constraint-missing-not-valid
  add constraint editai_projects_name_is_a_name check (public.editai_is_name(name));

alter table public.editai_sources
  -- One transaction holds the same lock with `not valid` and without it; statement_timeout limits how long writes wait.
  -- squawk-ignore constraint-missing-not-valid
  add constraint editai_sources_file_name_is_a_name check (public.editai_is_name(file_name));

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
-- Users see which job holds a project and until when. They do not see lease_id, which is half of what proves that a
-- caller holds the lease, nor holder, which names the worker's host and process for operators.
grant select (project_id, fencing_token, job_id, acquired_at, expires_at, deadline_at, stalled_at)
  on public.editai_locks
  to authenticated;

-- The SQL functions run with the rights of their caller, the service role. It gets what they need and no more: an export
-- never changes. What follows a deleted project or clip is deleted by the foreign key, which needs no grant.
grant select, insert, update, delete on
  public.editai_projects, public.editai_sources, public.editai_jobs, public.editai_clips, public.editai_locks,
  public.editai_generation_progress
  to service_role;
grant select, insert, delete on public.editai_exports to service_role;
grant select, insert, delete on public.editai_storage_garbage to service_role;
grant select on public.editai_export_presets to service_role;
grant usage on sequence
  public.editai_fencing_tokens, public.editai_row_numbers, public.editai_storage_garbage_id_seq
  to service_role;

call public.editai_restrict_functions();

notify pgrst, 'reload schema';
