-- Stores what a probe found in an uploaded source, which makes the source ready. A repeated call changes nothing.
-- Returns no row if there is no such source of the owner.
create function public.editai_confirm_source(p_source_id uuid, p_owner_id uuid, p_facts jsonb)
returns setof public.editai_sources
language plpgsql volatile security invoker set search_path = '' set lock_timeout = '2s' set statement_timeout = '2.3s' as $$
begin
  update public.editai_sources s set
    status = 'ready',
    content_type = coalesce(f.content_type, s.content_type),
    size_bytes = f.size_bytes,
    duration_seconds = f.duration_seconds,
    width = f.width,
    height = f.height,
    frame_rate = f.frame_rate,
    has_audio = f.has_audio,
    audio_tracks = f.audio_tracks
  from jsonb_populate_record(null::public.editai_sources, p_facts) f, public.editai_projects p
  where s.id = p_source_id and s.status = 'pending'
    and p.id = s.project_id and (p_owner_id is null or p.owner_id = p_owner_id);
  return query
  select s.* from public.editai_sources s join public.editai_projects p on p.id = s.project_id
  where s.id = p_source_id and (p_owner_id is null or p.owner_id = p_owner_id);
end
$$;
