-- EditAI: a video library whose jobs run one at a time per project, each under a time-limited lock lease.
--
-- The tables, and who points at whom:
--
--   editai_projects <-- editai_sources          uploaded videos
--        ^   ^   ^----- editai_jobs             one row a job; at most one active job a project
--        |   |              ^------ editai_clips      what a job has made so far (its checkpoints)
--        |   |                          ^-- editai_exports   final renders of a clip, by export preset
--        |   '--------- editai_generation_progress    one row a project, written once a second while a job runs
--        '- - - - - - - editai_locks                  one row a held lease; no row, no lease
--
--   editai_storage_garbage   files that no row points at any more, waiting to be removed from storage
--   editai_export_presets    what a final render can be made for
--
-- Rows are written only by the SQL functions of the later migrations, called with the service role. Users read their own
-- rows through row level security, so that supabase-js and Realtime work; anon reads nothing.
-- Owners are user ids of the token's `sub`, without a foreign key to auth.users: tokens may come from another issuer.
-- A path in a row is served, and removed, on the row's word alone; so each is checked to lie below its own project's id.

set lock_timeout = '5s';
set statement_timeout = '60s';

-- The only clock of leases and jobs. A function of its own, so that a test database can move time.
-- Callers: every function below, and column defaults. Never a host's clock.
create function public.editai_clock() returns timestamptz
language sql volatile security invoker set search_path = '' as $$
  select pg_catalog.clock_timestamp()
$$;

-- Makes every function of ours the service role's alone, one by one: Supabase's default privileges grant execute to anon and
-- authenticated by name, and a schema's default privileges cannot take back what is granted to public.
-- Each migration that creates functions ends by calling it.
create procedure public.editai_restrict_functions()
language plpgsql security invoker set search_path = '' as $$
declare
  v_function regprocedure;
begin
  for v_function in
    select p.oid from pg_catalog.pg_proc p
    where p.pronamespace = 'public'::regnamespace and starts_with(p.proname, 'editai_')
  loop
    execute format('revoke all on routine %s from public, anon, authenticated, service_role', v_function);
  end loop;
  for v_function in
    select p.oid from pg_catalog.pg_proc p
    where p.pronamespace = 'public'::regnamespace and starts_with(p.proname, 'editai_') and p.prokind = 'f'
  loop
    execute format('grant execute on function %s to service_role', v_function);
  end loop;
end
$$;

create table public.editai_projects (
  id text primary key default pg_catalog.gen_random_uuid()::text
    constraint editai_projects_id_is_a_path_segment check (id ~ '^[A-Za-z0-9_-]{1,64}$'),
  owner_id uuid not null,
  name text not null
    constraint editai_projects_name_has_a_length check (pg_catalog.char_length(name) between 1 and 200),
  -- created -> generating | rendering -> ready_for_triage | failed; a cancelled job leaves ready_for_triage where there are
  -- clips and created where there are none.
  status text not null default 'created'
    constraint editai_projects_status_is_known
    check (status in ('created', 'generating', 'rendering', 'ready_for_triage', 'failed')),
  created_at timestamptz not null default public.editai_clock(),
  updated_at timestamptz not null default public.editai_clock()
);
-- Lists of one owner's projects, newest first, page by page.
create index editai_projects_by_owner on public.editai_projects (owner_id, created_at desc, id desc);
-- How many jobs an owner has, out of any number of projects.
create index editai_projects_at_work_by_owner on public.editai_projects (owner_id)
  where status in ('generating', 'rendering');

create table public.editai_sources (
  id uuid primary key default pg_catalog.gen_random_uuid(),
  project_id text not null references public.editai_projects (id) on delete cascade,
  -- pending: an upload URL was given; ready: the file is there and was probed.
  status text not null default 'pending'
    constraint editai_sources_status_is_known check (status in ('pending', 'ready')),
  file_name text not null,
  storage_path text not null,
  content_type text not null,
  size_bytes bigint constraint editai_sources_size_is_positive check (size_bytes > 0),
  duration_seconds double precision,
  width integer,
  height integer,
  frame_rate double precision,
  has_audio boolean,
  created_at timestamptz not null default public.editai_clock(),
  constraint editai_sources_ready_is_probed check (
    status = 'pending'
    or (size_bytes is not null and duration_seconds > 0 and width > 0 and height > 0 and has_audio is not null)
  ),
  constraint editai_sources_file_is_the_projects check (starts_with(storage_path, project_id || '/sources/'))
);
create index editai_sources_by_project on public.editai_sources (project_id, created_at desc, id desc);

create table public.editai_jobs (
  id uuid primary key,
  project_id text not null references public.editai_projects (id) on delete cascade,
  kind text not null
    constraint editai_jobs_kind_is_known check (kind in ('raw_clips', 'segment_clips', 'final_render')),
  -- queued -> running -> completed | failed | cancelled; running -> queued when its lease expired with attempts left.
  status text not null default 'queued'
    constraint editai_jobs_status_is_known
    check (status in ('queued', 'running', 'completed', 'failed', 'cancelled')),
  params jsonb not null,
  -- The project's number of this job's first clip: fixed at the start, so that every attempt names its clips alike.
  first_variant_number integer not null,
  attempt integer not null default 0,
  max_attempts integer not null,
  -- The fencing token of the running attempt, or of the last one.
  fencing_token bigint,
  -- Past this moment the lease is not renewed any more, so a stuck worker cannot hold a project for ever.
  deadline_at timestamptz not null,
  idempotency_key text
    constraint editai_jobs_idempotency_key_has_a_length check (pg_catalog.char_length(idempotency_key) between 1 and 255),
  request_hash text,
  result jsonb,
  error jsonb,
  created_at timestamptz not null default public.editai_clock(),
  started_at timestamptz,
  finished_at timestamptz,
  constraint editai_jobs_attempts_stay_in_bounds check (max_attempts > 0 and attempt between 0 and max_attempts),
  constraint editai_jobs_end_has_a_time check ((status in ('queued', 'running')) = (finished_at is null)),
  constraint editai_jobs_key_has_a_hash check ((idempotency_key is null) = (request_hash is null))
);
-- The invariant under everything: no two jobs are ever active on one project.
create unique index editai_jobs_one_active_per_project on public.editai_jobs (project_id)
  where status in ('queued', 'running');
-- One answer per idempotency key.
create unique index editai_jobs_one_per_idempotency_key on public.editai_jobs (project_id, idempotency_key)
  where idempotency_key is not null;
-- The newest job of a project, for its progress.
create index editai_jobs_by_project on public.editai_jobs (project_id, created_at desc);

create table public.editai_clips (
  id uuid primary key default pg_catalog.gen_random_uuid(),
  project_id text not null references public.editai_projects (id) on delete cascade,
  job_id uuid not null references public.editai_jobs (id) on delete cascade,
  variant_number integer not null constraint editai_clips_variant_number_is_positive check (variant_number > 0),
  variant_name text not null
    constraint editai_clips_variant_name_has_a_length check (pg_catalog.char_length(variant_name) between 1 and 200),
  is_selected boolean not null default false,
  storage_path text not null,
  thumbnail_path text not null,
  duration_seconds double precision not null,
  size_bytes bigint not null,
  width integer not null,
  height integer not null,
  frame_rate double precision not null,
  -- [{"source_id", "start", "end"}] in seconds of the source, in the order they play.
  segments jsonb not null,
  created_at timestamptz not null default public.editai_clock(),
  updated_at timestamptz not null default public.editai_clock(),
  -- A checkpoint is recorded once: a job that runs again finds it and goes on after it.
  constraint editai_clips_one_per_variant unique (project_id, variant_number),
  constraint editai_clips_files_are_the_jobs check (
    starts_with(storage_path, project_id || '/jobs/' || job_id::text || '/')
    and starts_with(thumbnail_path, project_id || '/jobs/' || job_id::text || '/')
  )
);
create index editai_clips_by_job on public.editai_clips (job_id, variant_number);

create table public.editai_export_presets (
  name text primary key,
  label text not null,
  width integer not null,
  height integer not null,
  frame_rate integer not null,
  crf integer not null,
  max_video_bitrate_kbps integer not null,
  audio_bitrate_kbps integer not null
);

create table public.editai_exports (
  id uuid primary key default pg_catalog.gen_random_uuid(),
  project_id text not null references public.editai_projects (id) on delete cascade,
  clip_id uuid not null references public.editai_clips (id) on delete cascade,
  -- One export a job, so a finish that is repeated records nothing twice.
  job_id uuid not null unique references public.editai_jobs (id) on delete cascade,
  preset text not null references public.editai_export_presets (name),
  options jsonb not null,
  storage_path text not null,
  thumbnail_path text not null,
  duration_seconds double precision not null,
  size_bytes bigint not null,
  width integer not null,
  height integer not null,
  frame_rate double precision not null,
  created_at timestamptz not null default public.editai_clock(),
  constraint editai_exports_files_are_the_jobs check (
    starts_with(storage_path, project_id || '/jobs/' || job_id::text || '/')
    and starts_with(thumbnail_path, project_id || '/jobs/' || job_id::text || '/')
  )
);
create index editai_exports_by_clip on public.editai_exports (clip_id, created_at desc, id desc);
create index editai_exports_by_project on public.editai_exports (project_id);
create index editai_exports_by_preset on public.editai_exports (preset);

-- Never reset, so tokens outlive the rows they were given to; no session draws ahead of another, so they rise in order.
create sequence public.editai_fencing_tokens cache 1;

-- A row is a lease: held until expires_at, and waiting to be reclaimed after it. The key is a project's id, or any other
-- text that a function wants to hold alone, hence no foreign key.
-- Renewed once a second, and so is the progress below: no index but the key's, and half of each page left for new versions.
-- Measured (python -m bench.heap) with 2000 projects: all updates HOT in 672 kB, against 99.2 % in 776 kB without that room;
-- while someone holds a snapshot 51 % against 0, and 697 against 869 bytes of WAL a heartbeat. An index on expires_at makes
-- none HOT and costs a third more WAL. Autovacuum's defaults keep up.
create table public.editai_locks (
  project_id text primary key,
  lease_id uuid not null,
  holder text not null,
  fencing_token bigint not null,
  job_id uuid,
  acquired_at timestamptz not null,
  expires_at timestamptz not null,
  deadline_at timestamptz
) with (fillfactor = 50);

create table public.editai_generation_progress (
  project_id text primary key references public.editai_projects (id) on delete cascade,
  percentage integer not null default 0
    constraint editai_generation_progress_is_a_percentage check (percentage between 0 and 100),
  current_step text not null default '',
  -- Seconds; null until it is known.
  estimated_remaining integer
    constraint editai_generation_progress_remaining_is_positive check (estimated_remaining >= 0),
  updated_at timestamptz not null default now(),
  -- The attempt that wrote the row: within one attempt the percentage never goes down.
  fencing_token bigint
) with (fillfactor = 50);

-- An outbox: filled in the transaction that makes files worthless, emptied by lease_cleanup after they are gone.
create table public.editai_storage_garbage (
  id bigint generated always as identity primary key,
  project_id text not null,
  -- Everything below it goes, but what a row still points at.
  prefix text not null,
  -- Not at once: a holder that was cancelled needs a moment to notice.
  not_before timestamptz not null,
  created_at timestamptz not null default public.editai_clock(),
  -- Rows of this project alone say what is kept, so nothing outside of its folder may go, nor ever the whole folder.
  constraint editai_storage_garbage_is_the_projects
    check (starts_with(prefix, project_id || '/') and prefix <> project_id || '/')
);

alter table public.editai_projects enable row level security;
alter table public.editai_sources enable row level security;
alter table public.editai_jobs enable row level security;
alter table public.editai_clips enable row level security;
alter table public.editai_export_presets enable row level security;
alter table public.editai_exports enable row level security;
alter table public.editai_locks enable row level security;
alter table public.editai_generation_progress enable row level security;
alter table public.editai_storage_garbage enable row level security;

-- `(select auth.uid())` is evaluated once a query, not once a row.
create policy editai_owner_reads on public.editai_projects for select to authenticated
  using (owner_id = (select auth.uid()));
create policy editai_owner_reads on public.editai_sources for select to authenticated
  using (exists (select 1 from public.editai_projects p where p.id = project_id and p.owner_id = (select auth.uid())));
create policy editai_owner_reads on public.editai_jobs for select to authenticated
  using (exists (select 1 from public.editai_projects p where p.id = project_id and p.owner_id = (select auth.uid())));
create policy editai_owner_reads on public.editai_clips for select to authenticated
  using (exists (select 1 from public.editai_projects p where p.id = project_id and p.owner_id = (select auth.uid())));
create policy editai_owner_reads on public.editai_exports for select to authenticated
  using (exists (select 1 from public.editai_projects p where p.id = project_id and p.owner_id = (select auth.uid())));
create policy editai_owner_reads on public.editai_locks for select to authenticated
  using (exists (select 1 from public.editai_projects p where p.id = project_id and p.owner_id = (select auth.uid())));
create policy editai_owner_reads on public.editai_generation_progress for select to authenticated
  using (exists (select 1 from public.editai_projects p where p.id = project_id and p.owner_id = (select auth.uid())));
create policy editai_everyone_reads on public.editai_export_presets for select to authenticated
  using (true);
-- Garbage is nobody's but the service role's, which row level security does not bind; the policy says so to readers.
create policy editai_service_only on public.editai_storage_garbage for all to service_role
  using (true) with check (true);

-- Supabase grants everything in schema public to everyone by default; here each table names its readers and its writer.
revoke all on
  public.editai_projects, public.editai_sources, public.editai_jobs, public.editai_clips, public.editai_export_presets,
  public.editai_exports, public.editai_locks, public.editai_generation_progress, public.editai_storage_garbage
  from public, anon, authenticated, service_role;
revoke all on sequence public.editai_fencing_tokens, public.editai_storage_garbage_id_seq
  from public, anon, authenticated, service_role;
grant select on
  public.editai_projects, public.editai_sources, public.editai_jobs, public.editai_clips, public.editai_export_presets,
  public.editai_exports, public.editai_generation_progress
  to authenticated;
-- A lease's id is half of its proof: users see who holds the project and until when, not the id.
grant select (project_id, holder, fencing_token, job_id, acquired_at, expires_at, deadline_at) on public.editai_locks
  to authenticated;
-- What the SQL functions do under their caller's rights, and no more: a job, a clip or an export goes only with its project,
-- and an export never changes. What follows a deleted project is deleted by the foreign key, which needs no grant.
grant select, insert, update, delete on
  public.editai_projects, public.editai_sources, public.editai_locks, public.editai_generation_progress
  to service_role;
grant select, insert, update on public.editai_jobs, public.editai_clips to service_role;
grant select, insert on public.editai_exports to service_role;
grant select, insert, delete on public.editai_storage_garbage to service_role;
grant select on public.editai_export_presets to service_role;
grant usage on sequence public.editai_fencing_tokens, public.editai_storage_garbage_id_seq to service_role;
-- Realtime tells a browser of each progress write, where there is a Realtime. Of a row that is deleted it tells every
-- signed-in listener the replica identity, because row level security has no row to judge by then: the project's id must stay
-- all that it is, and must open nothing by itself.
do $$
begin
  if exists (select 1 from pg_catalog.pg_publication where pubname = 'supabase_realtime' and not puballtables) then
    alter publication supabase_realtime add table public.editai_generation_progress;
  end if;
end
$$;

call public.editai_restrict_functions();

notify pgrst, 'reload schema';
