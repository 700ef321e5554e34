-- A URL that is told of a user's jobs. Each owner may have one webhook without a URL: it signs what is sent to the
-- webhook_url of single jobs, and is made with the first of these.
-- The secret signs what is sent. It is made here, so that no statement and no log has it, and only the service role reads
-- this table. After a rotation the previous secret signs, too, until previous_secret_until.
create table public.editai_webhooks (
  id uuid primary key default pg_catalog.gen_random_uuid(),
  owner_id uuid not null,
  url text
    constraint editai_webhooks_url_has_a_length check (pg_catalog.char_length(url) between 1 and 2000),
  events text[] not null
    constraint editai_webhooks_events_are_known
    check (events <@ array['job.started', 'job.completed', 'job.failed', 'job.cancelled']),
  secret text not null default 'whsec_' || pg_catalog.encode(
    pg_catalog.uuid_send(pg_catalog.gen_random_uuid()) || pg_catalog.uuid_send(pg_catalog.gen_random_uuid()), 'base64'),
  previous_secret text,
  previous_secret_until timestamptz,
  -- Since when nothing was delivered; null after each success.
  failing_since timestamptz,
  disabled_at timestamptz,
  disabled_reason text
    constraint editai_webhooks_reason_is_known check (disabled_reason in ('gone', 'failing')),
  -- The order of creation; see row_numbers.sql.
  row_number bigint not null default nextval('public.editai_row_numbers'),
  created_at timestamptz not null default public.editai_clock(),
  constraint editai_webhooks_disabling_has_a_reason check ((disabled_at is null) = (disabled_reason is null))
);

create index editai_webhooks_newest on public.editai_webhooks (owner_id, row_number desc);
create unique index editai_webhooks_one_without_url on public.editai_webhooks (owner_id) where url is null;

alter table public.editai_webhooks enable row level security;
-- Only the service role uses webhooks. Row level security does not bind it; the policy is there to tell readers.
create policy editai_service_only on public.editai_webhooks for all to service_role
  using (true) with check (true);
