-- A clock that is whatever the calling host takes for the time.
create or replace function public.editai_clock() returns timestamptz
language sql volatile security invoker set search_path = '' as $$
  select coalesce(
    to_timestamp((nullif(pg_catalog.current_setting('request.headers', true), '')::json
      ->> 'x-editai-host-clock')::double precision),
    pg_catalog.clock_timestamp())
$$;
