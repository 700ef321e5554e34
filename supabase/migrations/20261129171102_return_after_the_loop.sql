-- plpgsql_check takes a function that ends with an endless loop for one without RETURN.
-- Written by `make migration` from supabase/schemas, which says of each object what it is for.
-- Checksum of what follows, which shows changes by hand: 90925479ab035700

set lock_timeout = '5s';
set statement_timeout = '60s';

set local check_function_bodies = off;

-- Locks a project's row until the end of the transaction. Returns false, and has locked nothing, if there is no such project.
-- Called by acquire_lease, start_job, claim_job and finish_job, before they touch the project's lease.
-- A row that was deleted and created again while the call waited for it is not found by the statement that waited. A caller
-- that went on without the lock could deadlock with one that has it, so the lock is tried again while a row exists.
create or replace function public.editai_lock_project(p_project_id text) returns boolean
language plpgsql volatile security invoker set search_path = '' as $$
declare
  v_is_locked boolean;
begin
  loop
    perform 1 from public.editai_projects p where p.id = p_project_id for no key update;
    v_is_locked := found;
    exit when v_is_locked or not exists (select 1 from public.editai_projects p where p.id = p_project_id);
  end loop;
  return v_is_locked;
end
$$;

-- Returns the version of the newest migration, 14 digits. Called by the library's readyz, to compare with
-- SCHEMA_VERSION.
-- `make migration` writes the same version here, in shared/database/schema_version.py and in the new file's name.
create or replace function public.editai_schema_version()
returns text
language sql immutable security invoker set search_path = '' as $$
  select '20261129171102'
$$;

call public.editai_restrict_functions();

notify pgrst, 'reload schema';
