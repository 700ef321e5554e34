-- Returns when to remove the file of a deleted source: at p_at, and again three hours after the source was created.
-- The upload URL is valid for two hours and cannot be revoked, and the upload may take another hour.
-- Called by delete_source and delete_project.
create function public.editai_source_removal_times(p_source public.editai_sources, p_at timestamptz) returns setof timestamptz
language sql immutable security invoker set search_path = '' as $$
  select p_at
  union all
  select p_source.created_at + interval '3 hours' where p_source.created_at + interval '3 hours' > p_at
$$;
