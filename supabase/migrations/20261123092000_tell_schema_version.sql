-- What a deployment asks before it serves: is this database as new as my code?
-- Every later migration replaces the function below with its own version.

set lock_timeout = '5s';
set statement_timeout = '60s';

-- The version of the newest migration, 14 digits. Called by the library's readyz.
create function public.editai_schema_version()
returns text
language sql immutable security invoker set search_path = '' as $$
  select '20261123092000'
$$;

call public.editai_restrict_functions();

notify pgrst, 'reload schema';
