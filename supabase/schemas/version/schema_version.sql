-- Returns the version of the newest migration, 14 digits. Called by the library's readyz, to compare with
-- SCHEMA_VERSION.
-- `make migration` writes the same version here, in shared/database/schema_version.py and in the new file's name.
create function public.editai_schema_version()
returns text
language sql immutable security invoker set search_path = '' as $$
  select '20261130062051'
$$;
