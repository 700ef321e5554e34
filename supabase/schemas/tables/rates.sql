-- How much of a limit a minute an owner has used: a bucket for each owner and action, which fills up again steadily. The only
-- thing stored is when it will be full, so nothing has to run for it to fill, and a row of an hour ago says "full".
create table public.editai_rates (
  owner_id uuid not null,
  action text not null constraint editai_rates_action_is_known check (action in ('start', 'probe')),
  full_at timestamptz not null,
  primary key (owner_id, action)
) with (fillfactor = 50);

alter table public.editai_rates enable row level security;
-- Only the service role uses rates. Row level security does not bind it; the policy is there to tell readers.
create policy editai_service_only on public.editai_rates for all to service_role
  using (true) with check (true);

-- Where an owner stands with a limit a minute. wait_seconds is 0 if the action is allowed now; reset_seconds is when the whole
-- maximum is available again.
create type public.editai_rate as (
  action text,
  maximum integer,
  remaining integer,
  wait_seconds double precision,
  reset_seconds double precision
);
