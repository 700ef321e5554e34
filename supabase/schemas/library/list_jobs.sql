-- Returns one page of jobs, newest first: of an owner's projects, of one project, or only the job p_job_id; of any status and
-- kind, or of those given. A null owner is the service role, which sees every job. Called by the library.
-- A page starts after the last row of the page before, given by its row_number, created_at and id.
-- The list of an owner takes the newest jobs of each of the owner's projects, so the jobs of others cost it nothing; that
-- of the service role is read in the order of an index.
create function public.editai_list_jobs(
  p_owner_id uuid,
  p_limit integer,
  p_project_id text default null,
  p_status text default null,
  p_kind text default null,
  p_job_id uuid default null,
  p_after_created_at timestamptz default null,
  p_after_id uuid default null,
  p_after_row_number bigint default null
) returns setof public.editai_jobs
language plpgsql stable security invoker set search_path = '' set statement_timeout = '2.3s'
set plan_cache_mode = force_custom_plan as $$
begin
  if p_job_id is null and (p_owner_id is not null or p_project_id is not null) then
    return query
    select j.*
    from public.editai_projects p, lateral (
      select x.* from public.editai_jobs x
      where x.project_id = p.id
        and (p_status is null or x.status = p_status)
        and (p_kind is null or x.kind = p_kind)
        and (p_after_created_at is null
          or (x.row_number, x.created_at, x.id) < (coalesce(p_after_row_number, 0), p_after_created_at, p_after_id))
      order by x.row_number desc, x.created_at desc, x.id desc
      limit p_limit
    ) j
    where (p_owner_id is null or p.owner_id = p_owner_id) and (p_project_id is null or p.id = p_project_id)
    order by j.row_number desc, j.created_at desc, j.id desc
    limit p_limit;
    return;
  end if;
  return query
  select j.* from public.editai_jobs j
  where (p_job_id is null or j.id = p_job_id)
    and (p_owner_id is null
      or exists (select 1 from public.editai_projects p where p.id = j.project_id and p.owner_id = p_owner_id))
    and (p_status is null or j.status = p_status)
    and (p_kind is null or j.kind = p_kind)
    and (p_after_created_at is null
      or (j.row_number, j.created_at, j.id) < (coalesce(p_after_row_number, 0), p_after_created_at, p_after_id))
  order by j.row_number desc, j.created_at desc, j.id desc
  limit p_limit;
end
$$;
