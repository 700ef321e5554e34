-- What is to be sent to a webhook, and what became of it: an outbox. The transaction that changes a job adds the rows, by a
-- trigger; see queue_deliveries.sql. A row is sent at least once, and those of one job to one URL in their order.
-- pending -> delivered | failed; redelivery makes it pending again.
create table public.editai_webhook_deliveries (
  id uuid primary key default pg_catalog.gen_random_uuid(),
  webhook_id uuid not null references public.editai_webhooks (id) on delete cascade,
  project_id text not null,
  job_id uuid not null,
  url text not null,
  -- Host and port, so that one host does not get all senders.
  host text not null generated always as (split_part(url, '/', 3)) stored,
  type text not null,
  payload jsonb not null,
  status text not null default 'pending'
    constraint editai_webhook_deliveries_status_is_known check (status in ('pending', 'delivered', 'failed')),
  attempt integer not null default 0,
  -- A sender has it until then; if it is killed, another one takes it.
  claimed_until timestamptz,
  -- Of the last attempt; both are null if it was not answered yet.
  status_code integer,
  error text,
  finished_at timestamptz,
  -- The order of creation; see row_numbers.sql.
  row_number bigint not null default nextval('public.editai_row_numbers'),
  next_attempt_at timestamptz not null default public.editai_clock(),
  -- After this moment a failed attempt is the last one.
  expires_at timestamptz not null default public.editai_clock() + interval '1 day',
  created_at timestamptz not null default public.editai_clock(),
  constraint editai_webhook_deliveries_end_has_a_time check ((status = 'pending') = (finished_at is null))
);

create index editai_webhook_deliveries_due on public.editai_webhook_deliveries (next_attempt_at) where status = 'pending';
create index editai_webhook_deliveries_pending_of_job
  on public.editai_webhook_deliveries (job_id, row_number) where status = 'pending';
create index editai_webhook_deliveries_pending_of_host on public.editai_webhook_deliveries (host) where status = 'pending';
create index editai_webhook_deliveries_newest on public.editai_webhook_deliveries (webhook_id, row_number desc);
create index editai_webhook_deliveries_ended on public.editai_webhook_deliveries (finished_at) where finished_at is not null;

alter table public.editai_webhook_deliveries enable row level security;
-- Only the service role uses deliveries. Row level security does not bind it; the policy is there to tell readers.
create policy editai_service_only on public.editai_webhook_deliveries for all to service_role
  using (true) with check (true);
