-- Deletes a source; its file becomes garbage. Clips made from it stay.
-- Outcomes: deleted; busy (a job reads the file, or will; job and lease tell which); source_not_found.
create function public.editai_delete_source(
  p_source_id uuid,
  p_owner_id uuid
) returns public.editai_deletion
language plpgsql volatile security invoker set search_path = '' set lock_timeout = '2s' set statement_timeout = '2.3s' as $$
declare
  outcome text;
  job public.editai_jobs;
  lease public.editai_locks;
  v_source public.editai_sources;
  v_now timestamptz;
begin
  select s.* into v_source
  from public.editai_sources s join public.editai_projects p on p.id = s.project_id
  where s.id = p_source_id and (p_owner_id is null or p.owner_id = p_owner_id)
  for no key update of p;
  if not found then
    outcome := 'source_not_found';
    return (outcome, job, lease);
  end if;
  perform 1 from public.editai_locks l where l.project_id = v_source.project_id for update;
  v_now := public.editai_clock();
  select * into lease from public.editai_current_lease(v_source.project_id);
  if lease.project_id is not null then
    select j.* into job from public.editai_jobs j where j.id = lease.job_id;
    outcome := 'busy';
    return (outcome, job, lease);
  end if;
  delete from public.editai_sources s where s.id = p_source_id returning s.* into v_source;
  if not found then  -- another call has deleted it while this one waited for the project
    outcome := 'source_not_found';
    return (outcome, job, lease);
  end if;
  insert into public.editai_storage_garbage (project_id, prefix, not_before)
  select v_source.project_id, v_source.storage_path, due.at
  from public.editai_source_removal_times(v_source, v_now) as due (at);
  outcome := 'deleted';
  return (outcome, job, lease);
end
$$;
