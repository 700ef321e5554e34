-- Lets a test move the time that every lease is measured by. In order: the request's header x-editai-clock, the setting
-- editai.now, and the true time moved by what editai_test.clock says, which every connection and process follows.
create schema editai_test;
create table editai_test.clock (moved_by interval not null);
insert into editai_test.clock values ('0');
grant usage on schema editai_test to public;
grant select on editai_test.clock to public;

create or replace function public.editai_clock() returns timestamptz
language sql volatile security invoker set search_path = '' as $$
  select coalesce(
    (nullif(pg_catalog.current_setting('request.headers', true), '')::json ->> 'x-editai-clock')::timestamptz,
    nullif(pg_catalog.current_setting('editai.now', true), '')::timestamptz,
    (select pg_catalog.clock_timestamp() + moved_by from editai_test.clock)
  )
$$;
