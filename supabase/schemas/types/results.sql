-- What functions return that return several values: one row, each of whose members may be null. A named type, because programs that
-- generate types (supabase gen types) know nothing of OUT parameters; in JSON it is the same object.

-- Whether a lease was granted, and the lease that is stored: the caller's, or that of its holder.
create type public.editai_lease_grant as (
  granted boolean,
  lease public.editai_locks
);

-- Whether a lease was renewed, and its new end.
create type public.editai_lease_renewal as (
  renewed boolean,
  expires_at timestamptz
);

-- Whether the caller holds a lease, its row, and when that was decided.
create type public.editai_lease_check as (
  held boolean,
  lease public.editai_locks,
  checked_at timestamptz
);

-- Whether a job could start, and what stands in its way.
create type public.editai_project_check as (
  outcome text,
  job public.editai_jobs,
  lease public.editai_locks,
  rate public.editai_rate
);

-- The outcome of a start.
create type public.editai_job_start as (
  outcome text,
  job public.editai_jobs,
  lease public.editai_locks,
  superseded_job_id uuid,
  rate public.editai_rate
);

-- The outcome of a claim, and what a worker needs to continue.
create type public.editai_job_claim as (
  outcome text,
  job public.editai_jobs,
  lease public.editai_locks,
  sources public.editai_sources[],
  clips public.editai_clips[]
);

-- The outcome of a cancel, and the job that ended.
create type public.editai_job_cancel as (
  outcome text,
  job public.editai_jobs
);

-- The outcome of recording a clip, and the clip.
create type public.editai_clip_record as (
  outcome text,
  clip public.editai_clips
);

-- The outcome of giving a job back, and the fencing token of its dispatch lease.
create type public.editai_job_return as (
  outcome text,
  dispatch_token bigint
);

-- Whether the worker still holds its project, and until when.
create type public.editai_heartbeat_reply as (
  outcome text,
  expires_at timestamptz
);

-- What cleanup did with a lease or a queued job.
create type public.editai_reclaimed as (
  job_id uuid,
  fencing_token bigint,
  action text,
  code text
);

-- The outcome of deleting a project, a source or a clip, and what holds the project if it is busy.
create type public.editai_deletion as (
  outcome text,
  job public.editai_jobs,
  lease public.editai_locks
);

-- The outcome of beginning to confirm a source.
create type public.editai_confirmation as (
  outcome text,
  source public.editai_sources,
  rate public.editai_rate
);

-- A project's progress, and what explains it; see read_progress.sql.
create type public.editai_progress_report as (
  project_id text,
  status text,
  percentage integer,
  current_step text,
  estimated_remaining integer,
  updated_at timestamptz,
  stalled boolean,
  outcome text,
  job_id uuid,
  job_kind text,
  job_status text,
  job_attempt integer,
  job_error jsonb,
  lease_expires_at timestamptz
);

-- The outcome of creating a webhook, and the webhook with its secret.
create type public.editai_webhook_creation as (
  outcome text,
  webhook public.editai_webhooks
);
