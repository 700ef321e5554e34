-- Deletes a clip with its exports; their files become garbage.
-- Outcomes: deleted; busy (a job holds the project, and may be rendering the clip; job and lease tell which);
-- clip_not_found.
create function public.editai_delete_clip(
  p_clip_id uuid,
  p_owner_id uuid
) returns public.editai_deletion
language plpgsql volatile security invoker set search_path = '' set lock_timeout = '2s' set statement_timeout = '2.3s' as $$
declare
  outcome text;
  job public.editai_jobs;
  lease public.editai_locks;
  v_clip public.editai_clips;
  v_now timestamptz;
begin
  select c.* into v_clip
  from public.editai_clips c join public.editai_projects p on p.id = c.project_id
  where c.id = p_clip_id and (p_owner_id is null or p.owner_id = p_owner_id)
  for no key update of p;
  if not found then
    outcome := 'clip_not_found';
    return (outcome, job, lease);
  end if;
  perform 1 from public.editai_locks l where l.project_id = v_clip.project_id for update;
  v_now := public.editai_clock();
  select * into lease from public.editai_current_lease(v_clip.project_id);
  if lease.project_id is not null then
    select j.* into job from public.editai_jobs j where j.id = lease.job_id;
    outcome := 'busy';
    return (outcome, job, lease);
  end if;
  insert into public.editai_storage_garbage (project_id, prefix, not_before)
  select e.project_id, file.path, v_now
  from public.editai_exports e, lateral (values (e.storage_path), (e.thumbnail_path)) file (path)
  where e.clip_id = p_clip_id;
  delete from public.editai_clips c where c.id = p_clip_id;
  if not found then  -- another call has deleted it while this one waited for the project
    outcome := 'clip_not_found';
    return (outcome, job, lease);
  end if;
  insert into public.editai_storage_garbage (project_id, prefix, not_before)
  values (v_clip.project_id, v_clip.storage_path, v_now), (v_clip.project_id, v_clip.thumbnail_path, v_now);
  outcome := 'deleted';
  return (outcome, job, lease);
end
$$;
