-- Returns the source that is to be confirmed, and counts the probe of its file for the owner. Called by the library before it
-- probes; editai_confirm_source stores what was found.
-- Outcomes:
--   pending           the file is to be probed; rate tells what is left of p_max_probes_per_minute
--   ready             the source was confirmed before: nothing to do, and nothing counted
--   too_many_probes   the owner has had p_max_probes_per_minute; wait_seconds of rate says for how long
--   source_not_found  there is no such source of the owner
create function public.editai_begin_confirm(
  p_source_id uuid,
  p_owner_id uuid,
  p_max_probes_per_minute integer default null
) returns public.editai_confirmation
language plpgsql volatile security invoker set search_path = '' set lock_timeout = '2s' set statement_timeout = '2.3s' as $$
declare
  outcome text;
  source public.editai_sources;
  rate public.editai_rate;
begin
  select s.* into source
  from public.editai_sources s join public.editai_projects p on p.id = s.project_id
  where s.id = p_source_id and (p_owner_id is null or p.owner_id = p_owner_id);
  if not found then
    outcome := 'source_not_found';
    return (outcome, source, rate);
  end if;
  outcome := source.status;
  if outcome = 'pending' then
    rate := public.editai_take_rate(p_owner_id, 'probe', p_max_probes_per_minute);
    if rate.wait_seconds > 0 then
      outcome := 'too_many_probes';
    end if;
  end if;
  return (outcome, source, rate);
end
$$;
