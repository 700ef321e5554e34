-- Renames a clip, or selects it for publishing; a null argument leaves its column unchanged. Returns no row if there is
-- no such clip of the owner.
create function public.editai_update_clip(
  p_clip_id uuid,
  p_owner_id uuid,
  p_variant_name text default null,
  p_is_selected boolean default null
) returns setof public.editai_clips
language sql volatile security invoker set search_path = '' set lock_timeout = '2s' set statement_timeout = '2.3s' as $$
  update public.editai_clips c set
    variant_name = coalesce(p_variant_name, c.variant_name),
    is_selected = coalesce(p_is_selected, c.is_selected),
    updated_at = public.editai_clock()
  from public.editai_projects p
  where c.id = p_clip_id and p.id = c.project_id and (p_owner_id is null or p.owner_id = p_owner_id)
  returning c.*
$$;
