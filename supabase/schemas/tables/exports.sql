-- A final render of a clip for an export preset.
create table public.editai_exports (
  id uuid primary key default pg_catalog.gen_random_uuid(),
  project_id text not null references public.editai_projects (id) on delete cascade,
  clip_id uuid not null references public.editai_clips (id) on delete cascade,
  -- One export a job, so a repeated finish records nothing twice. Without a foreign key: the export stays when cleanup
  -- removes its job.
  job_id uuid not null unique,
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
  -- The order of creation; see row_numbers.sql.
  row_number bigint not null default nextval('public.editai_row_numbers'),
  constraint editai_exports_files_are_the_jobs check (
    starts_with(storage_path, project_id || '/jobs/' || job_id::text || '/')
    and starts_with(thumbnail_path, project_id || '/jobs/' || job_id::text || '/')
  )
);

create index editai_exports_newest on public.editai_exports (clip_id, row_number desc, created_at desc, id desc);
create index editai_exports_by_project on public.editai_exports (project_id);
create index editai_exports_by_preset on public.editai_exports (preset);

alter table public.editai_exports enable row level security;
create policy editai_owner_reads on public.editai_exports for select to authenticated
  using (
    project_id = any (array(select p.id from public.editai_projects p where p.owner_id = (select auth.uid())))
    and (project_id || '') = all ((select '{}'::text[])::text[])
  );
