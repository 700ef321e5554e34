-- Tells whether an owner has p_max_active_jobs or more jobs queued or running on projects other than p_project_id. The
-- job of that project is not counted, because the starting job would replace it. No limit applies to a null owner, or
-- if p_max_active_jobs is null. Called by check_project.
-- A project with an active job is generating or rendering, so a partial index finds these few projects among all of an
-- owner's.
create function public.editai_has_too_many_jobs(p_owner_id uuid, p_project_id text, p_max_active_jobs integer)
returns boolean
language sql stable security invoker set search_path = '' as $$
  select p_owner_id is not null and p_max_active_jobs is not null and p_max_active_jobs <= (
    select count(*)
    from public.editai_projects p
    join public.editai_jobs j on j.project_id = p.id and j.status in ('queued', 'running')
    where p.owner_id = p_owner_id and p.id <> p_project_id and p.status in ('generating', 'rendering')
  )
$$;
