-- A job: one row each, kept after its end. At most one job of a project is active.
create table public.editai_jobs (
  id uuid primary key,
  project_id text not null references public.editai_projects (id) on delete cascade,
  kind text not null
    constraint editai_jobs_kind_is_known check (kind in ('raw_clips', 'segment_clips', 'final_render')),
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
-- For a project's newest job, which its progress shows.
create index editai_jobs_newest on public.editai_jobs (project_id, row_number desc, created_at desc);

alter table public.editai_jobs enable row level security;
create policy editai_owner_reads on public.editai_jobs for select to authenticated
  using (exists (select 1 from public.editai_projects p where p.id = project_id and p.owner_id = (select auth.uid())));
