-- An uploaded video of a project.
-- A path in a row is served, and removed, because the row says so. A check therefore keeps each path below the row's
-- own project; clips, exports and garbage have the like.
create table public.editai_sources (
  id uuid primary key default pg_catalog.gen_random_uuid(),
  project_id text not null references public.editai_projects (id) on delete cascade,
  -- pending: an upload URL was issued; ready: the file is stored and was probed.
  status text not null default 'pending'
    constraint editai_sources_status_is_known check (status in ('pending', 'ready')),
  file_name text not null constraint editai_sources_file_name_is_a_name check (public.editai_is_name(file_name)),
  storage_path text not null,
  content_type text not null,
  size_bytes bigint constraint editai_sources_size_is_positive check (size_bytes > 0),
  duration_seconds double precision,
  width integer,
  height integer,
  frame_rate double precision,
  has_audio boolean,
  created_at timestamptz not null default public.editai_clock(),
  -- [{"number", "codec", "channels", "sample_rate", "language", "title", "default", "decodable", "start_seconds",
  -- "end_seconds"}], one for each sound track, in the file's order. Null: they were never listed, because the source is
  -- pending, or was probed before there was this column.
  audio_tracks jsonb constraint editai_sources_audio_tracks_are_a_list check (
    jsonb_typeof(audio_tracks) = 'array'
    and not jsonb_path_exists(audio_tracks, 'strict $[*] ? (@.type() != "object")')
    and not jsonb_path_exists(
      audio_tracks,
      '$[*] ? (!(
        @.number.type() == "number" && @.number >= 0
        && @.codec.type() == "string"
        && (@.channels == null || @.channels > 0)
        && (@.sample_rate == null || @.sample_rate > 0)
        && @.default.type() == "boolean"
        && @.decodable.type() == "boolean"
      ))')
  ),
  -- The order of creation; see row_numbers.sql.
  row_number bigint not null default nextval('public.editai_row_numbers'),
  constraint editai_sources_ready_is_probed check (
    status = 'pending'
    or (size_bytes is not null and duration_seconds > 0 and width > 0 and height > 0 and has_audio is not null)
  ),
  constraint editai_sources_file_is_the_projects check (starts_with(storage_path, project_id || '/sources/'))
);

create index editai_sources_newest on public.editai_sources (project_id, row_number desc, created_at desc, id desc);
-- For cleanup_uploads.
create index editai_sources_pending on public.editai_sources (created_at) where status = 'pending';
-- For create_source, which counts an owner's.
create index editai_sources_pending_by_project on public.editai_sources (project_id) where status = 'pending';
-- For list_storage_garbage, which looks for paths by their prefix; hence the order of bytes.
create index editai_sources_by_path on public.editai_sources (storage_path collate "C");

alter table public.editai_sources enable row level security;
create policy editai_owner_reads on public.editai_sources for select to authenticated
  using (
    project_id = any (array(select p.id from public.editai_projects p where p.owner_id = (select auth.uid())))
    and (project_id || '') = all ((select '{}'::text[])::text[])
  );
