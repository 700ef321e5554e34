-- End a call in the database before its caller gives up: it went on for up to 8 s, with the locks that it held.
-- Written by `make migration` from supabase/schemas, which says of each object what it is for.
-- Checksum of what follows, which shows changes by hand: aea827d56d4b8ffa

set lock_timeout = '5s';
set statement_timeout = '60s';

-- Returns the version of the newest migration, 14 digits. Called by the library's readyz, to compare with
-- SCHEMA_VERSION.
-- `make migration` writes the same version here, in shared/database/schema_version.py and in the new file's name.
create or replace function public.editai_schema_version()
returns text
language sql immutable security invoker set search_path = '' as $$
  select '20261130062009'
$$;

-- Only this setting of theirs changes, so the functions are not written again.
do $$
declare
  v_function record;
begin
  for v_function in
    select
      oid::pg_catalog.regprocedure as signature,
      case when 'statement_timeout=8s' = any (proconfig) then '2.3s' else '29s' end as longest
    from pg_catalog.pg_proc
    where pronamespace = 'public'::pg_catalog.regnamespace and proname like 'editai\_%'
      and proconfig && array['statement_timeout=8s', 'statement_timeout=30s']
  loop
    execute pg_catalog.format(
      'alter function %s set statement_timeout = %L', v_function.signature, v_function.longest);
  end loop;
end
$$;

call public.editai_restrict_functions();

notify pgrst, 'reload schema';
