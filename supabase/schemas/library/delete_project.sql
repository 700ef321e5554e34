-- Deletes a project with all its rows; its files become garbage.
-- Outcomes: deleted; busy (job and lease tell who holds the project); project_not_found.
create function public.editai_delete_project(
  p_project_id text,
  p_owner_id uuid
) returns public.editai_deletion
language plpgsql volatile security invoker set search_path = '' set lock_timeout = '2s' set statement_timeout = '2.3s' as $$
declare
  outcome text;
  job public.editai_jobs;
  lease public.editai_locks;
  v_now timestamptz;
begin
  perform 1 from public.editai_projects p
  where p.id = p_project_id and (p_owner_id is null or p.owner_id = p_owner_id) for no key update;
  if not found then
    outcome := 'project_not_found';
    return (outcome, job, lease);
  end if;
  perform 1 from public.editai_locks l where l.project_id = p_project_id for update;
  v_now := public.editai_clock();
  select * into lease from public.editai_current_lease(p_project_id);
  if lease.project_id is not null then
    select j.* into job from public.editai_jobs j where j.id = lease.job_id;
    outcome := 'busy';
    return (outcome, job, lease);
  end if;
  -- By source and by job, not by the project's whole folder: a new project may get the same id at once.
  insert into public.editai_storage_garbage (project_id, prefix, not_before)
  select p_project_id, s.storage_path, due.at
  from public.editai_sources s, public.editai_source_removal_times(s, v_now + interval '5 minutes') as due (at)
  where s.project_id = p_project_id
  union all
  select p_project_id, p_project_id || '/jobs/' || j.id || '/', due.at
  from public.editai_jobs j, public.editai_job_removal_times(j, v_now + interval '5 minutes') as due (at)
  where j.project_id = p_project_id
  union all
  -- The job of a clip or an export may have been removed.
  select p_project_id, p_project_id || '/jobs/' || made.job_id || '/', v_now + interval '5 minutes'
  from (
    select c.job_id from public.editai_clips c where c.project_id = p_project_id
    union
    select e.job_id from public.editai_exports e where e.project_id = p_project_id
  ) made
  where not exists (select 1 from public.editai_jobs j where j.id = made.job_id);
  delete from public.editai_locks l where l.project_id = p_project_id;
  delete from public.editai_projects p where p.id = p_project_id;
  outcome := 'deleted';
  return (outcome, job, lease);
end
$$;
