-- Tell webhooks of jobs: an outbox that the transaction which changes a job writes by a trigger.
-- Written by `make migration` from supabase/schemas, which says of each object what it is for.
-- Checksum of what follows, which shows changes by hand: 533fce8fa5c8838b

set lock_timeout = '5s';
set statement_timeout = '60s';

set local check_function_bodies = off;

-- A new signature: with `create or replace` there would be two functions that a call fits.
-- squawk-ignore ban-drop-function
drop function public.editai_start_job(text, uuid, uuid, text, jsonb, uuid, text, double precision, double precision, integer, jsonb, uuid[], text, text, integer, integer);

create table public.editai_webhook_deliveries (
  id              uuid                     not null default gen_random_uuid(),
  webhook_id      uuid                     not null,
  project_id      text                     not null,
  job_id          uuid                     not null,
  url             text                     not null,
  host            text                     generated always as (split_part(url, '/'::text, 3)) stored not null,
  type            text                     not null,
  payload         jsonb                    not null,
  status          text                     not null default 'pending'::text,
  attempt         integer                  not null default 0,
  claimed_until   timestamp with time zone,
  status_code     integer,
  error           text,
  finished_at     timestamp with time zone,
  row_number      bigint                   not null default nextval('public.editai_row_numbers'::regclass),
  constraint editai_webhook_deliveries_end_has_a_time check (((status = 'pending'::text) = (finished_at is null))),
  constraint editai_webhook_deliveries_pkey primary key (id),
  constraint editai_webhook_deliveries_status_is_known check ((status = any (array['pending'::text, 'delivered'::text, 'failed'::text]))),
  next_attempt_at timestamp with time zone not null default public.editai_clock(),
  expires_at      timestamp with time zone not null default (public.editai_clock() + '1 day'::interval),
  created_at      timestamp with time zone not null default public.editai_clock()
);

alter table public.editai_webhook_deliveries
  enable row level security;

create table public.editai_webhooks (
  id                    uuid                     not null default gen_random_uuid(),
  owner_id              uuid                     not null,
  url                   text,
  events                text[]                   not null,
  secret                text                     not null default ('whsec_'::text || encode((uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())), 'base64'::text)),
  previous_secret       text,
  previous_secret_until timestamp with time zone,
  failing_since         timestamp with time zone,
  disabled_at           timestamp with time zone,
  disabled_reason       text,
  row_number            bigint                   not null default nextval('public.editai_row_numbers'::regclass),
  constraint editai_webhooks_disabling_has_a_reason check (((disabled_at is null) = (disabled_reason is null))),
  constraint editai_webhooks_events_are_known check ((events <@ array['job.started'::text, 'job.completed'::text, 'job.failed'::text, 'job.cancelled'::text])),
  constraint editai_webhooks_pkey primary key (id),
  constraint editai_webhooks_reason_is_known check ((disabled_reason = any (array['gone'::text, 'failing'::text]))),
  constraint editai_webhooks_url_has_a_length check (((char_length(url) >= 1) and (char_length(url) <= 2000))),
  created_at            timestamp with time zone not null default public.editai_clock()
);

alter table public.editai_webhooks
  enable row level security;

alter table public.editai_jobs
  add column webhook_url text
    constraint editai_jobs_webhook_url_has_a_length check (((char_length(webhook_url) >= 1) and (char_length(webhook_url) <= 2000)));

-- Gives a sender one delivery that is due, for p_claim_seconds; with p_job_id, only one of that job. Called by whoever ends
-- a job, and by lease_cleanup. Returns no row if none is due.
-- A sender that is killed loses its claim in time, and the delivery is sent again. A delivery waits for the earlier ones of
-- its job to the same URL. At most p_per_host are claimed for one host, so that a slow one does not get all senders.
-- secrets are those that sign it, the current one first.
create function public.editai_claim_delivery(p_claim_seconds double precision, p_per_host integer, p_job_id uuid default null)
returns table (id uuid, attempt integer, url text, payload jsonb, secrets text[])
language plpgsql volatile security invoker set search_path = '' set lock_timeout = '2s' set statement_timeout = '8s'
set plan_cache_mode = force_custom_plan as $$
declare
  v_now timestamptz := public.editai_clock();
  v_id uuid;
begin
  select d.id into v_id from public.editai_webhook_deliveries d
  where d.status = 'pending' and d.next_attempt_at <= v_now and (d.claimed_until is null or d.claimed_until <= v_now)
    and (p_job_id is null or d.job_id = p_job_id)
    and not exists (
      select 1 from public.editai_webhook_deliveries e
      where e.status = 'pending' and e.job_id = d.job_id and e.webhook_id = d.webhook_id and e.url = d.url
        and e.row_number < d.row_number)
    and p_per_host > (
      select count(*) from public.editai_webhook_deliveries b
      where b.status = 'pending' and b.host = d.host and b.claimed_until > v_now)
  order by d.next_attempt_at, d.row_number
  limit 1
  for update of d skip locked;
  return query
  update public.editai_webhook_deliveries d
  set attempt = d.attempt + 1, claimed_until = v_now + make_interval(secs => p_claim_seconds)
  from public.editai_webhooks w
  where d.id = v_id and w.id = d.webhook_id
  returning d.id, d.attempt, d.url, d.payload, array_remove(
    array[w.secret, case when w.previous_secret_until > v_now then w.previous_secret end], null);
end
$$;

-- Deletes at most p_limit deliveries that ended more than p_max_age_seconds ago. Called by lease_cleanup and by
-- editai_run_cleanup. Returns their number. A delivery that another transaction has locked is skipped.
create function public.editai_cleanup_deliveries(p_limit integer, p_max_age_seconds double precision) returns integer
language plpgsql volatile security invoker set search_path = '' set lock_timeout = '100ms' set statement_timeout = '30s'
-- A plan for any time would expect much to be due, and read the whole table.
set plan_cache_mode = force_custom_plan as $$
declare
  v_before timestamptz := public.editai_clock() - make_interval(secs => p_max_age_seconds);
  v_count integer;
begin
  delete from public.editai_webhook_deliveries d
  where d.id in (
    select x.id from public.editai_webhook_deliveries x
    where x.finished_at <= v_before order by x.finished_at limit p_limit for update skip locked
  );
  get diagnostics v_count = row_count;
  return v_count;
end
$$;

-- Creates a webhook; a null URL is for the webhook_url of single jobs. Called by the library.
-- Outcomes: created (with the secret, which is not shown again); exists (the owner has the one without a URL already);
-- too_many (the owner has p_max_webhooks).
create function public.editai_create_webhook(
  p_owner_id uuid,
  p_url text,
  p_events text[],
  p_max_webhooks integer,
  out outcome text,
  out webhook public.editai_webhooks
)
language plpgsql volatile security invoker set search_path = '' set lock_timeout = '2s' set statement_timeout = '8s' as $$
begin
  perform pg_advisory_xact_lock(hashtextextended('editai_webhooks ' || p_owner_id, 0));
  if (select count(*) from public.editai_webhooks w where w.owner_id = p_owner_id) >= p_max_webhooks then
    outcome := 'too_many';
    return;
  end if;
  insert into public.editai_webhooks (owner_id, url, events) values (p_owner_id, p_url, p_events)
  on conflict (owner_id) where url is null do nothing
  returning * into webhook;
  outcome := case when found then 'created' else 'exists' end;
end
$$;

-- Deletes an owner's webhook with its deliveries, also those that are pending. Called by the library.
-- Returns false if the owner has no such webhook.
create function public.editai_delete_webhook(p_webhook_id uuid, p_owner_id uuid) returns boolean
language plpgsql volatile security invoker set search_path = '' set lock_timeout = '2s' set statement_timeout = '8s' as $$
begin
  delete from public.editai_webhooks w where w.id = p_webhook_id and w.owner_id = p_owner_id;
  return found;
end
$$;

-- Returns one page of a webhook's deliveries, newest first; none if the owner has no such webhook. Called by the library.
-- A page starts after the row p_after_row_number.
create function public.editai_list_deliveries(
  p_webhook_id uuid,
  p_owner_id uuid,
  p_limit integer,
  p_after_created_at timestamptz default null,
  p_after_id uuid default null,
  p_after_row_number bigint default null
) returns setof public.editai_webhook_deliveries
language sql stable security invoker set search_path = '' set statement_timeout = '8s' as $$
  select d.* from public.editai_webhook_deliveries d join public.editai_webhooks w on w.id = d.webhook_id
  where d.webhook_id = p_webhook_id and w.owner_id = p_owner_id
    and (p_after_row_number is null or d.row_number < p_after_row_number)
  order by d.row_number desc
  limit p_limit
$$;

-- Returns an owner's webhooks without their secrets, newest first. Called by the library.
create function public.editai_list_webhooks(p_owner_id uuid)
returns table (
  id uuid, url text, events text[], failing_since timestamptz, disabled_at timestamptz, disabled_reason text,
  created_at timestamptz
)
language sql stable security invoker set search_path = '' set statement_timeout = '8s' as $$
  select w.id, w.url, w.events, w.failing_since, w.disabled_at, w.disabled_reason, w.created_at
  from public.editai_webhooks w where w.owner_id = p_owner_id order by w.row_number desc
$$;

-- Adds a delivery for each webhook that is to be told of a job's new status, in the transaction that changes it. So no path
-- that ends a job can forget it, and an event exists exactly if its change was committed.
-- job.started is told when a worker claims the job for the first time; the ends are told once, since an ended job never
-- changes again.
create function public.editai_queue_deliveries() returns trigger
language plpgsql security invoker set search_path = '' set "TimeZone" = 'UTC' as $$
declare
  v_type text := 'job.' || case new.status when 'running' then 'started' else new.status end;
  v_owner_id uuid;
  v_payload jsonb;
begin
  if new.status = 'running' and old.started_at is not null then
    return null;
  end if;
  select p.owner_id into v_owner_id from public.editai_projects p where p.id = new.project_id;
  v_payload := jsonb_build_object(
    'type', v_type,
    'timestamp', coalesce(new.finished_at, new.started_at),
    'data', jsonb_build_object(
      'project_id', new.project_id,
      'job', jsonb_build_object(
        'id', new.id, 'kind', new.kind, 'status', new.status, 'attempt', new.attempt, 'result', new.result,
        'error', new.error, 'created_at', new.created_at, 'started_at', new.started_at,
        'finished_at', new.finished_at)));
  if new.webhook_url is not null and new.status <> 'running' then
    insert into public.editai_webhooks (owner_id, events)
    values (v_owner_id, array['job.completed', 'job.failed', 'job.cancelled'])
    on conflict (owner_id) where url is null do nothing;
  end if;
  insert into public.editai_webhook_deliveries (webhook_id, project_id, job_id, url, type, payload)
  select w.id, new.project_id, new.id, coalesce(w.url, new.webhook_url), v_type, v_payload
  from public.editai_webhooks w
  where w.owner_id = v_owner_id and w.disabled_at is null and v_type = any (w.events)
    and coalesce(w.url, new.webhook_url) is not null;
  return null;
end
$$;

-- Records what became of an attempt: its status code, or an error if there was no response. Called by the sender.
-- Outcomes: delivered (2xx); retried, after a pause that doubles from 5 s to an hour, of which a random half is left out;
-- failed (its day is over, or 410); stale, and then nothing was written: the claim was lost to another attempt.
-- A webhook with a URL is disabled by 410, and when it has failed for five days. Its pending deliveries then fail.
create function public.editai_record_delivery(
  p_delivery_id uuid, p_attempt integer, p_status_code integer, p_error text default null
) returns text
language plpgsql volatile security invoker set search_path = '' set lock_timeout = '2s' set statement_timeout = '8s' as $$
declare
  v_now timestamptz;
  v_webhook public.editai_webhooks;
  v_delivery public.editai_webhook_deliveries;
  v_next timestamptz;
  v_reason text;
  v_outcome text;
begin
  select w.* into v_webhook
  from public.editai_webhooks w join public.editai_webhook_deliveries d on d.webhook_id = w.id
  where d.id = p_delivery_id for no key update of w;
  select d.* into v_delivery from public.editai_webhook_deliveries d
  where d.id = p_delivery_id and d.attempt = p_attempt and d.status = 'pending' for update;
  if not found then
    return 'stale';
  end if;
  v_now := public.editai_clock();
  v_next := v_now + least(3600, 5 * 2 ^ least(p_attempt - 1, 20)) * (0.5 + random() / 2) * interval '1 second';
  v_outcome := case
    when p_status_code between 200 and 299 then 'delivered'
    when p_status_code = 410 or v_next > v_delivery.expires_at then 'failed'
    else 'retried'
  end;
  update public.editai_webhook_deliveries d set
    status = case v_outcome when 'retried' then 'pending' else v_outcome end,
    finished_at = case when v_outcome <> 'retried' then v_now end,
    next_attempt_at = v_next,
    claimed_until = null,
    status_code = p_status_code,
    error = p_error
  where d.id = p_delivery_id;
  v_reason := case
    when v_outcome = 'delivered' or v_webhook.url is null then null
    when p_status_code = 410 then 'gone'
    when v_webhook.failing_since <= v_now - interval '5 days' then 'failing'
  end;
  update public.editai_webhooks w set
    failing_since = case when v_outcome <> 'delivered' then coalesce(w.failing_since, v_now) end,
    disabled_at = coalesce(w.disabled_at, case when v_reason is not null then v_now end),
    disabled_reason = coalesce(w.disabled_reason, v_reason)
  where w.id = v_webhook.id
    and (v_outcome <> 'delivered' or w.failing_since is not null);
  if v_reason is not null then
    update public.editai_webhook_deliveries d
    set status = 'failed', finished_at = v_now, error = 'the webhook is disabled'
    where d.webhook_id = v_webhook.id and d.status = 'pending';
  end if;
  return v_outcome;
end
$$;

-- Makes a delivery due now, for another day, and enables its webhook if it was disabled. Called by the library.
-- Returns the delivery; no row if the owner has no such webhook or delivery.
create function public.editai_redeliver(p_delivery_id uuid, p_webhook_id uuid, p_owner_id uuid)
returns setof public.editai_webhook_deliveries
language plpgsql volatile security invoker set search_path = '' set lock_timeout = '2s' set statement_timeout = '8s' as $$
begin
  update public.editai_webhooks w set failing_since = null, disabled_at = null, disabled_reason = null
  where w.id = p_webhook_id and w.owner_id = p_owner_id
    and exists (select 1 from public.editai_webhook_deliveries d where d.id = p_delivery_id and d.webhook_id = w.id);
  if not found then
    return;
  end if;
  return query
  update public.editai_webhook_deliveries d set
    status = 'pending', finished_at = null, next_attempt_at = public.editai_clock(),
    expires_at = public.editai_clock() + interval '1 day'
  where d.id = p_delivery_id and d.webhook_id = p_webhook_id
  returning d.*;
end
$$;

-- Gives a webhook a new secret and returns it; for a day the previous one signs, too. Called by the library.
-- Returns null if the owner has no such webhook.
create function public.editai_rotate_webhook_secret(p_webhook_id uuid, p_owner_id uuid) returns text
language sql volatile security invoker set search_path = '' set lock_timeout = '2s' set statement_timeout = '8s' as $$
  update public.editai_webhooks w set
    previous_secret = w.secret,
    previous_secret_until = public.editai_clock() + interval '1 day',
    secret = default
  where w.id = p_webhook_id and w.owner_id = p_owner_id
  returning w.secret
$$;

-- Returns the version of the newest migration, 14 digits. Called by the library's readyz, to compare with
-- SCHEMA_VERSION.
-- `make migration` writes the same version here, in shared/database/schema_version.py and in the new file's name.
create or replace function public.editai_schema_version()
returns text
language sql immutable security invoker set search_path = '' as $$
  select '20261130004631'
$$;

-- Starts a job on a project: lease, job, progress 0 and the project's status, in one transaction. Called by the
-- library.
-- p_source is a source that was uploaded with the request and is recorded together with the job; p_source_ids are
-- stored ones.
-- The lease is short and is for the dispatch only: the worker that claims the job replaces it. The job holds its project
-- beyond that lease, until it is claimed, cancelled or past its deadline. Cleanup dispatches it again if no worker has
-- claimed it within p_dispatch_ttl_seconds.
-- Owners take turns: a job's turn is its cost after now, or after the last turn of its owner's active jobs, whichever is later. So
-- an owner's jobs follow one another at the distance of their costs, and the jobs of others come in between; a light job
-- overtakes heavier ones that were started at most their cost before it. No job is overtaken by one that starts
-- after its turn, so none waits for ever. This is fair queuing by virtual finish times (Demers, Keshav and Shenker, 1989),
-- whose virtual time is the clock.
-- Outcomes: started; source_not_found (job is null); and those of editai_check_project except free. superseded_job_id
-- is a running job whose lease had expired, or a queued one past its deadline, which has just been failed; the caller
-- logs it, as nothing else does.
-- An owner's starts run one after the other (editai_lock_owner), so that together they cannot pass p_max_active_jobs or
-- p_max_starts_per_minute. A start that is refused does not count for the latter; rate is the state after one that is not.
-- Raises 22023 for a bad time to live or deadline, and 23514 or another constraint's error for values that do not fit.
create function public.editai_start_job(
  p_project_id text,
  p_owner_id uuid,
  p_job_id uuid,
  p_kind text,
  p_params jsonb,
  p_lease_id uuid,
  p_holder text,
  p_dispatch_ttl_seconds double precision,
  p_deadline_seconds double precision,
  p_max_attempts integer,
  p_source jsonb default null,
  p_source_ids uuid[] default '{}',
  p_idempotency_key text default null,
  p_request_hash text default null,
  p_max_active_jobs integer default null,
  p_max_starts_per_minute integer default null,
  p_webhook_url text default null
) returns public.editai_job_start
language plpgsql volatile security invoker set search_path = '' set lock_timeout = '2s' set statement_timeout = '8s' as $$
declare
  outcome text;
  job public.editai_jobs;
  lease public.editai_locks;
  superseded_job_id uuid;
  rate public.editai_rate;
  v_check record;
  v_grant record;
  v_deadline_at timestamptz;
  v_cost_seconds double precision;
begin
  if p_deadline_seconds is null or p_deadline_seconds <= 0 then
    raise exception 'a deadline is more than 0 seconds ahead, not %', p_deadline_seconds
      using errcode = 'invalid_parameter_value';
  end if;
  -- Checked twice: without a lock, so that a conflict costs nothing; then under the lock, where the result stays true.
  for i in 1..2 loop
    select * into v_check from public.editai_check_project(
      p_project_id, p_owner_id, p_job_id, p_idempotency_key, p_request_hash, p_max_active_jobs,
      p_max_starts_per_minute);
    if v_check.outcome <> 'free' then
      outcome := v_check.outcome;
      job := v_check.job;
      lease := v_check.lease;
      rate := v_check.rate;
      return (outcome, job, lease, superseded_job_id, rate);
    end if;
    if i = 1 then
      if not public.editai_lock_project(p_project_id) then
        outcome := 'project_not_found';
        return (outcome, job, lease, superseded_job_id, rate);
      end if;
      if p_owner_id is not null and coalesce(p_max_active_jobs, p_max_starts_per_minute) is not null then
        perform public.editai_lock_owner(p_owner_id);
      end if;
    end if;
  end loop;

  if (select count(*) from public.editai_sources s
      where s.id = any (p_source_ids) and s.project_id = p_project_id and s.status = 'ready')
     <> (select count(distinct id) from unnest(p_source_ids) as id) then
    outcome := 'source_not_found';
    return (outcome, job, lease, superseded_job_id, rate);
  end if;

  v_deadline_at := public.editai_clock() + make_interval(secs => p_deadline_seconds);
  select * into v_grant from public.editai_grant_lease(
    p_project_id, p_lease_id, p_holder, p_dispatch_ttl_seconds, p_job_id, v_deadline_at);
  lease := v_grant.lease;
  if not v_grant.granted then
    select j.* into job from public.editai_jobs j where j.id = lease.job_id;
    if found then
      job.params := '{}';  -- private to the holder, and possibly large
    end if;
    outcome := 'busy';
    return (outcome, job, lease, superseded_job_id, rate);
  end if;
  select j.id into superseded_job_id from public.editai_jobs j
  where j.project_id = p_project_id and j.status in ('queued', 'running');
  perform public.editai_supersede_jobs(p_project_id);

  if p_source is not null then
    insert into public.editai_sources (
      id, project_id, status, file_name, storage_path, content_type, size_bytes,
      duration_seconds, width, height, frame_rate, has_audio, audio_tracks)
    select
      s.id, p_project_id, 'ready', s.file_name, s.storage_path, s.content_type, s.size_bytes,
      s.duration_seconds, s.width, s.height, s.frame_rate, s.has_audio, s.audio_tracks
    from jsonb_populate_record(null::public.editai_sources, p_source) s;
  end if;
  v_cost_seconds := public.editai_job_cost(p_kind, p_params, coalesce(
    (p_source ->> 'duration_seconds')::double precision,
    (select sum(s.duration_seconds) from public.editai_sources s where s.id = any (p_source_ids)),
    (select c.duration_seconds from public.editai_clips c
     where p_kind = 'final_render' and c.id = (p_params ->> 'clip_id')::uuid)));
  insert into public.editai_jobs (
    id, project_id, kind, params, first_variant_number, max_attempts, deadline_at, idempotency_key, request_hash,
    dispatch_due_at, cost_seconds, turn_at, webhook_url)
  values (
    p_job_id, p_project_id, p_kind, p_params,
    (select coalesce(max(c.variant_number), 0) + 1 from public.editai_clips c where c.project_id = p_project_id),
    p_max_attempts, v_deadline_at, p_idempotency_key, p_request_hash,
    lease.acquired_at + public.editai_ttl(p_dispatch_ttl_seconds),
    v_cost_seconds,
    greatest(lease.acquired_at, (
      select max(j.turn_at)
      from public.editai_projects own
      join public.editai_projects p on p.owner_id = own.owner_id and p.status in ('generating', 'rendering')
      join public.editai_jobs j on j.project_id = p.id and j.status in ('queued', 'running')
      where own.id = p_project_id
    )) + make_interval(secs => v_cost_seconds),
    p_webhook_url)
  returning * into job;
  perform public.editai_begin_progress(p_project_id, 'Queued', lease.fencing_token);
  update public.editai_projects p set
    status = case p_kind when 'final_render' then 'rendering' else 'generating' end,
    updated_at = public.editai_clock()
  where p.id = p_project_id;
  rate := public.editai_take_rate(p_owner_id, 'start', p_max_starts_per_minute);
  outcome := 'started';
  return (outcome, job, lease, superseded_job_id, rate);
end
$$;

-- Cleans up from inside the database. Scheduled each minute by editai_schedule_cleanup, where pg_cron is available; for
-- deployments without a scheduler of their own.
--
--   pg_cron -> editai_run_cleanup -> editai_cleanup_leases -> pg_net -> worker
--
-- It reclaims expired leases and dispatches requeued jobs, as the function lease_cleanup does, and may run beside it:
-- each requeued job is dispatched by the one that requeued it. Files are left to lease_cleanup.
-- Jobs are dispatched through pg_net, if Vault holds two secrets:
--   select vault.create_secret('https://worker.example/', 'editai_worker_url');
--   select vault.create_secret('<INTERNAL_SECRET of the functions>', 'editai_internal_secret');
-- Jobs of a kind that another function runs go to the address in 'editai_worker_url_' and the kind, if there is such a secret.
-- Otherwise a job is requeued under a lease that has already expired: the next lease_cleanup, or a late delivery, then
-- takes the job at once instead of waiting for a dispatch that does not come.
-- Ended jobs are kept for 90 days and idempotency keys for 7, unless Vault holds other numbers. Set those of the settings
-- JOB_RETENTION_DAYS and IDEMPOTENCY_KEY_DAYS of lease_cleanup, if they differ from its defaults:
--   select vault.create_secret('365', 'editai_job_retention_days');
--   select vault.create_secret('30', 'editai_idempotency_key_days');
-- A step or a dispatch that raises an error does not stop the rest; a warning in Postgres's log tells of it.
-- A procedure, not a function: PostgREST does not offer it, and only its owner may call it.
create or replace procedure public.editai_run_cleanup()
language plpgsql security invoker set search_path = '' set lock_timeout = '2s' as $$
declare
  v_worker_url text;
  v_worker_urls jsonb;
  v_secret text;
  v_can_dispatch boolean;
  v_job_days text;
  v_key_days text;
  v_row record;
  v_started_at timestamptz := public.editai_clock();
  v_failed text[] := '{}';
begin
  if pg_catalog.to_regclass('vault.decrypted_secrets') is not null then
    select
      max(s.decrypted_secret) filter (where s.name = 'editai_worker_url'),
      jsonb_object_agg(s.name, s.decrypted_secret) filter (where starts_with(s.name, 'editai_worker_url_')),
      max(s.decrypted_secret) filter (where s.name = 'editai_internal_secret'),
      max(s.decrypted_secret) filter (where s.name = 'editai_job_retention_days'),
      max(s.decrypted_secret) filter (where s.name = 'editai_idempotency_key_days')
    into v_worker_url, v_worker_urls, v_secret, v_job_days, v_key_days
    from vault.decrypted_secrets s
    where starts_with(s.name, 'editai_worker_url_') or s.name in (
      'editai_worker_url', 'editai_internal_secret', 'editai_job_retention_days', 'editai_idempotency_key_days');
  end if;
  v_can_dispatch := v_worker_url is not null and v_secret is not null
    and pg_catalog.to_regprocedure('net.http_post(text, jsonb, jsonb, jsonb, integer)') is not null;

  begin
    for v_row in
      select c.job_id, c.action, c.kind
      from public.editai_cleanup_leases(50, case when v_can_dispatch then 30 else 0.001 end) c
    loop
      continue when not v_can_dispatch or v_row.action <> 'requeued';
      begin
        -- pg_net sends this after the commit, so the worker finds the job queued.
        perform net.http_post(
          url := coalesce(v_worker_urls ->> ('editai_worker_url_' || v_row.kind), v_worker_url),
          body := jsonb_build_object('job_id', v_row.job_id),
          headers := jsonb_build_object(
            'Content-Type', 'application/json',
            'Authorization', 'Bearer ' || v_secret,
            'Prefer', 'respond-async'),
          timeout_milliseconds := 5000);
      exception when others then
        raise warning 'job % was not dispatched: %', v_row.job_id, sqlerrm;
      end;
    end loop;
  exception when others then
    raise warning 'cleanup of leases failed: %', sqlerrm;
    v_failed := v_failed || 'reclaim_leases'::text;
  end;
  begin
    perform public.editai_cleanup_uploads(50, 86400);
  exception when others then
    raise warning 'cleanup of uploads failed: %', sqlerrm;
    v_failed := v_failed || 'drop_uploads'::text;
  end;
  begin
    perform public.editai_cleanup_jobs(50, 86400 * coalesce(v_job_days::double precision, 90));
  exception when others then
    raise warning 'cleanup of jobs failed: %', sqlerrm;
    v_failed := v_failed || 'remove_jobs'::text;
  end;
  begin
    perform public.editai_expire_idempotency_keys(50, 86400 * coalesce(v_key_days::double precision, 7));
  exception when others then
    raise warning 'cleanup of idempotency keys failed: %', sqlerrm;
    v_failed := v_failed || 'expire_keys'::text;
  end;
  begin
    perform public.editai_cleanup_deliveries(50, 86400 * 30);
  exception when others then
    raise warning 'cleanup of deliveries failed: %', sqlerrm;
    v_failed := v_failed || 'forget_deliveries'::text;
  end;
  perform public.editai_record_cleanup(
    'pg_cron', extract(epoch from public.editai_clock() - v_started_at)::double precision, v_failed, '{}');
end
$$;

alter table public.editai_webhook_deliveries
  add constraint editai_webhook_deliveries_webhook_id_fkey foreign key (webhook_id) references public.editai_webhooks(id) on delete cascade;

create index editai_webhook_deliveries_ended on public.editai_webhook_deliveries using btree (finished_at)
  where (finished_at is not null);

create index editai_webhook_deliveries_newest on public.editai_webhook_deliveries using btree (webhook_id, row_number desc);

create index editai_webhook_deliveries_pending_of_host on public.editai_webhook_deliveries using btree (host)
  where (status = 'pending'::text);

create index editai_webhook_deliveries_pending_of_job on public.editai_webhook_deliveries using btree (job_id, row_number)
  where (status = 'pending'::text);

create index editai_webhooks_newest on public.editai_webhooks using btree (owner_id, row_number desc);

create unique index editai_webhooks_one_without_url on public.editai_webhooks using btree (owner_id)
  where (url is null);

create trigger editai_queue_deliveries
  after update of status on public.editai_jobs
  for each row
  when (((new.status <> 'queued'::text) and (new.status is distinct from old.status)))
  execute function public.editai_queue_deliveries();

create policy editai_service_only on public.editai_webhook_deliveries
  for all
  to service_role
  using (true)
  with check (true);

create policy editai_service_only on public.editai_webhooks
  for all
  to service_role
  using (true)
  with check (true);

create index editai_webhook_deliveries_due on public.editai_webhook_deliveries using btree (next_attempt_at)
  where (status = 'pending'::text);

-- Who may do what with tables and sequences; functions are restricted by restrict_functions.sql.
-- Supabase grants everything in schema public to all API roles by default, so everything is revoked first.
revoke all on
  public.editai_projects, public.editai_sources, public.editai_jobs, public.editai_clips, public.editai_export_presets,
  public.editai_exports, public.editai_locks, public.editai_generation_progress, public.editai_storage_garbage,
  public.editai_job_events, public.editai_cleanup_runs, public.editai_drains, public.editai_rates,
  public.editai_webhooks, public.editai_webhook_deliveries,
  public.editai_ops_jobs, public.editai_ops_leases, public.editai_ops_queue, public.editai_ops_cleanup
  from public, anon, authenticated, service_role;
revoke all on sequence
  public.editai_fencing_tokens, public.editai_row_numbers, public.editai_storage_garbage_id_seq
  from public, anon, authenticated, service_role;

-- Users read their own rows, which the policies select, so that supabase-js and Realtime work. anon reads nothing.
grant select on
  public.editai_projects, public.editai_sources, public.editai_jobs, public.editai_clips, public.editai_export_presets,
  public.editai_exports, public.editai_generation_progress
  to authenticated;
-- Users see which job holds a project and until when. They do not see lease_id, which is half of what proves that a
-- caller holds the lease, nor holder, which names the worker's host and process for operators.
grant select (project_id, fencing_token, job_id, acquired_at, expires_at, deadline_at, stalled_at)
  on public.editai_locks
  to authenticated;

-- The SQL functions run with the rights of their caller, the service role. It gets what they need and no more: an export
-- never changes. What follows a deleted project or clip is deleted by the foreign key, which needs no grant.
grant select, insert, update, delete on
  public.editai_projects, public.editai_sources, public.editai_jobs, public.editai_clips, public.editai_locks,
  public.editai_generation_progress
  to service_role;
grant select, insert, delete on public.editai_exports to service_role;
grant select, insert, delete on public.editai_storage_garbage to service_role;
grant select, insert, update on public.editai_rates to service_role;
grant select, insert, update, delete on public.editai_webhooks, public.editai_webhook_deliveries to service_role;
grant select on public.editai_export_presets to service_role;
-- Nothing changes what has happened to a job; its rows are deleted with it.
grant select, insert on public.editai_job_events to service_role;
grant select, insert, update on public.editai_cleanup_runs to service_role;
grant select, insert, delete on public.editai_drains to service_role;
grant select on
  public.editai_ops_jobs, public.editai_ops_leases, public.editai_ops_queue, public.editai_ops_cleanup
  to service_role;
grant usage on sequence
  public.editai_fencing_tokens, public.editai_row_numbers, public.editai_storage_garbage_id_seq
  to service_role;

call public.editai_restrict_functions();

notify pgrst, 'reload schema';
