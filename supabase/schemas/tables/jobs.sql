-- A job: one row each, kept for some time after its end; cleanup_jobs removes it. At most one job of a project is active.
create table public.editai_jobs (
  id uuid primary key,
  project_id text not null references public.editai_projects (id) on delete cascade,
  kind text not null
    -- Any name: which kinds there are, and what their params are, the recipes of the workers say.
    constraint editai_jobs_kind_is_a_name check (kind ~ '^[a-z][a-z0-9_]{0,62}$'),
  -- queued -> running -> completed | failed | cancelled; running -> queued if its worker gave it back, or
  -- its lease expired with attempts left.
  status text not null default 'queued'
    constraint editai_jobs_status_is_known
    check (status in ('queued', 'running', 'completed', 'failed', 'cancelled')),
  params jsonb not null,
  -- The number, within the project, of this job's first clip. It is set at the start, so every attempt numbers its
  -- clips the same way.
  first_variant_number integer not null,
  attempt integer not null default 0,
  max_attempts integer not null,
  -- The fencing token of the running attempt, or of the last one.
  fencing_token bigint,
  -- After this moment the lease is not renewed, so a stuck worker cannot hold a project for ever.
  deadline_at timestamptz not null,
  idempotency_key text
    constraint editai_jobs_idempotency_key_has_a_length check (pg_catalog.char_length(idempotency_key) between 1 and 255),
  request_hash text,
  result jsonb,
  error jsonb,
  created_at timestamptz not null default public.editai_clock(),
  started_at timestamptz,
  finished_at timestamptz,
  -- When cleanup dispatches a queued job again; null means at its next run.
  dispatch_due_at timestamptz,
  -- The order of creation; see row_numbers.sql.
  row_number bigint not null default nextval('public.editai_row_numbers'),
  -- The state that the job saved last, after which its next attempt continues. Clips are checkpoints of their own. A job that
  -- has ended has none. Larger things are files in storage, which the state names.
  checkpoint jsonb
    constraint editai_jobs_checkpoint_is_a_small_object
    check (jsonb_typeof(checkpoint) = 'object' and octet_length(checkpoint::text) <= 65536),
  -- What it is expected to cost; see job_cost.sql. Null in jobs from before this column, as is turn_at.
  cost_seconds double precision,
  -- Its place among the queued jobs of all owners: the earliest goes first; see start_job.sql.
  turn_at timestamptz,
  -- How often it was queued to be dispatched. One that is dispatched again and again, and never claimed, has no worker.
  dispatches integer not null default 1,
  -- A URL that is told of this job's end, besides the owner's webhooks.
  webhook_url text
    constraint editai_jobs_webhook_url_has_a_length check (pg_catalog.char_length(webhook_url) between 1 and 2000),
  constraint editai_jobs_attempts_stay_in_bounds check (max_attempts > 0 and attempt between 0 and max_attempts),
  constraint editai_jobs_end_has_a_time check ((status in ('queued', 'running')) = (finished_at is null)),
  constraint editai_jobs_key_has_a_hash check ((idempotency_key is null) = (request_hash is null))
);

-- The invariant that everything else rests on: a project never has two active jobs.
create unique index editai_jobs_one_active_per_project on public.editai_jobs (project_id)
  where status in ('queued', 'running');
-- One job per idempotency key.
create unique index editai_jobs_one_per_idempotency_key on public.editai_jobs (project_id, idempotency_key)
  where idempotency_key is not null;
-- For next_job: the queued jobs in the order of their turns.
create index editai_jobs_in_turn on public.editai_jobs (turn_at nulls first, row_number) where status = 'queued';
-- For a project's newest job, which its progress shows.
create index editai_jobs_newest on public.editai_jobs (project_id, row_number desc, created_at desc);
-- For the list of every owner's jobs, which the service role may read.
create index editai_jobs_newest_of_all on public.editai_jobs (row_number desc, created_at desc, id desc);
-- For cleanup, so that its cost follows what is due: queued jobs to dispatch again, ended jobs to remove, and ended jobs
-- whose idempotency key expires. A job is written only when its state changes, so these indexes cost a heartbeat nothing.
create index editai_jobs_queued_due
  on public.editai_jobs (least(coalesce(dispatch_due_at, '-infinity'::timestamptz), deadline_at)) where status = 'queued';
create index editai_jobs_ended on public.editai_jobs (finished_at) where finished_at is not null;
create index editai_jobs_ended_with_key on public.editai_jobs (finished_at)
  where finished_at is not null and idempotency_key is not null;

alter table public.editai_jobs enable row level security;
create policy editai_owner_reads on public.editai_jobs for select to authenticated
  using (
    project_id = any (array(select p.id from public.editai_projects p where p.owner_id = (select auth.uid())))
    and (project_id || '') = all ((select '{}'::text[])::text[])
  );
