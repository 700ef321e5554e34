-- What has happened to a job, for operators: who claimed it, and how each attempt ended, and where. Rows are only added, by
-- note_job_event.sql in the transaction that changes the job, and by abandon_job and requeue_by_operator. A heartbeat adds
-- none. They are removed with their job.
create table public.editai_job_events (
  job_id uuid not null references public.editai_jobs (id) on delete cascade,
  -- The order of what happened; see row_numbers.sql.
  row_number bigint not null default nextval('public.editai_row_numbers'),
  -- claimed; returned, abandoned, requeued (the lease expired, or it was given back); withdrawn (by an operator); or how the
  -- job ended.
  event text not null
    constraint editai_job_events_event_is_known check (
      event in ('claimed', 'returned', 'abandoned', 'requeued', 'withdrawn', 'completed', 'failed', 'cancelled')),
  attempt integer not null,
  fencing_token bigint,
  holder text,
  -- What the progress showed at that moment.
  percentage integer,
  current_step text,
  -- Why: the code of the job's error, or of what the attempt was abandoned for.
  code text,
  at timestamptz not null default public.editai_clock(),
  primary key (job_id, row_number)
);

alter table public.editai_job_events enable row level security;
-- Only the service role reads it. Row level security does not bind it; the policy is there to tell readers.
create policy editai_service_only on public.editai_job_events for all to service_role
  using (true) with check (true);
