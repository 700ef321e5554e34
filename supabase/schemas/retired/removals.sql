-- Renamed to editai_source_removal_times. See the README for when to delete it.
create function public.editai_removals(p_source public.editai_sources, p_at timestamptz) returns setof timestamptz
language sql immutable security invoker set search_path = '' as $$
  select p_at
  union all
  select p_source.created_at + interval '3 hours' where p_source.created_at + interval '3 hours' > p_at
$$;
