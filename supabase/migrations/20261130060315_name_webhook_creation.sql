-- Give the result of creating a webhook a named type, for which programs that generate types have a shape.
-- Written by `make migration` from supabase/schemas, which says of each object what it is for.
-- Checksum of what follows, which shows changes by hand: 25298252816d0886

set lock_timeout = '5s';
set statement_timeout = '60s';

set local check_function_bodies = off;

-- A new signature: with `create or replace` there would be two functions that a call fits.
-- squawk-ignore ban-drop-function
drop function public.editai_create_webhook(uuid, text, text[], integer);

create type public.editai_webhook_creation as (
  outcome text,
  webhook public.editai_webhooks
);

-- Creates a webhook; a null URL is for the webhook_url of single jobs. Called by the library.
-- Outcomes: created (with the secret, which is not shown again); exists (the owner has the one without a URL already);
-- too_many (the owner has p_max_webhooks).
create function public.editai_create_webhook(
  p_owner_id uuid,
  p_url text,
  p_events text[],
  p_max_webhooks integer
) returns public.editai_webhook_creation
language plpgsql volatile security invoker set search_path = '' set lock_timeout = '2s' set statement_timeout = '8s' as $$
declare
  outcome text;
  webhook public.editai_webhooks;
begin
  perform pg_advisory_xact_lock(hashtextextended('editai_webhooks ' || p_owner_id, 0));
  if (select count(*) from public.editai_webhooks w where w.owner_id = p_owner_id) >= p_max_webhooks then
    outcome := 'too_many';
    return (outcome, webhook);
  end if;
  insert into public.editai_webhooks (owner_id, url, events) values (p_owner_id, p_url, p_events)
  on conflict (owner_id) where url is null do nothing
  returning * into webhook;
  outcome := case when found then 'created' else 'exists' end;
  return (outcome, webhook);
end
$$;

-- Returns the version of the newest migration, 14 digits. Called by the library's readyz, to compare with
-- SCHEMA_VERSION.
-- `make migration` writes the same version here, in shared/database/schema_version.py and in the new file's name.
create or replace function public.editai_schema_version()
returns text
language sql immutable security invoker set search_path = '' as $$
  select '20261130060315'
$$;

call public.editai_restrict_functions();

notify pgrst, 'reload schema';
