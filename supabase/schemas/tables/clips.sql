-- A clip that a job has made. Each row is a checkpoint: a job that runs again continues after its recorded clips.
create table public.editai_clips (
  id uuid primary key default pg_catalog.gen_random_uuid(),
  project_id text not null references public.editai_projects (id) on delete cascade,
  -- Without a foreign key: the clip stays when cleanup removes its job.
  job_id uuid not null,
  variant_number integer not null constraint editai_clips_variant_number_is_positive check (variant_number > 0),
  variant_name text not null
    constraint editai_clips_variant_name_is_a_name check (public.editai_is_name(variant_name)),
  is_selected boolean not null default false,
  storage_path text not null,
  thumbnail_path text not null,
  duration_seconds double precision not null,
  size_bytes bigint not null,
  width integer not null,
  height integer not null,
  frame_rate double precision not null,
  -- [{"source_id", "start", "end", "audio_track"}] in playing order: seconds of the source, and the number of its sound
  -- track, null where the clip is silent.
  segments jsonb not null,
  created_at timestamptz not null default public.editai_clock(),
  updated_at timestamptz not null default public.editai_clock(),
  -- The order of creation; see row_numbers.sql.
  row_number bigint not null default nextval('public.editai_row_numbers'),
  -- A checkpoint is recorded once: a repeated call finds the first row.
  constraint editai_clips_one_per_variant unique (project_id, variant_number),
  constraint editai_clips_files_are_the_jobs check (
    starts_with(storage_path, project_id || '/jobs/' || job_id::text || '/')
    and starts_with(thumbnail_path, project_id || '/jobs/' || job_id::text || '/')
  )
);

create index editai_clips_by_job on public.editai_clips (job_id, variant_number);
create index editai_clips_newest on public.editai_clips (project_id, row_number desc, created_at desc, id desc);

alter table public.editai_clips enable row level security;
create policy editai_owner_reads on public.editai_clips for select to authenticated
  using (
    project_id = any (array(select p.id from public.editai_projects p where p.owner_id = (select auth.uid())))
    and (project_id || '') = all ((select '{}'::text[])::text[])
  );
