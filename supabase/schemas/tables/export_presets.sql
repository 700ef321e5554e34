-- What a final render can be made for. The rows are in seed/export_presets.sql.
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

alter table public.editai_export_presets enable row level security;
create policy editai_everyone_reads on public.editai_export_presets for select to authenticated
  using (true);
