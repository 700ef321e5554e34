-- Returns a project's progress and what explains it: status, newest job, lease. Called by the library. Returns no row
-- if there is no such project of the owner. Without a progress row the percentage follows from the project's status.
-- stalled: the worker of a running job has missed two heartbeats, or its lease has expired, and the job was not taken over
-- yet. A queued job is never stalled: it
-- holds its project until its deadline, which is therefore its lease_expires_at, and is dispatched again.
create function public.editai_read_progress(p_project_id text, p_owner_id uuid)
returns table (
  project_id text,
  status text,
  percentage integer,
  current_step text,
  estimated_remaining integer,
  updated_at timestamptz,
  stalled boolean,
  job_id uuid,
  job_kind text,
  job_status text,
  job_attempt integer,
  job_error jsonb,
  lease_expires_at timestamptz
)
language sql volatile security invoker set search_path = '' set statement_timeout = '8s' as $$
  select
    p.id,
    p.status,
    coalesce(g.percentage, case p.status when 'ready_for_triage' then 100 else 0 end),
    coalesce(g.current_step, ''),
    g.estimated_remaining,
    coalesce(g.updated_at, p.updated_at),
    p.status in ('generating', 'rendering') and j.status is distinct from 'queued'
      and coalesce(least(l.stalled_at, l.expires_at) <= public.editai_clock(), true),
    j.id,
    j.kind,
    j.status,
    j.attempt,
    j.error,
    case j.status when 'queued' then j.deadline_at else l.expires_at end
  from public.editai_projects p
  left join public.editai_generation_progress g on g.project_id = p.id
  left join public.editai_locks l on l.project_id = p.id
  left join lateral (
    select * from public.editai_jobs j where j.project_id = p.id order by j.row_number desc, j.created_at desc limit 1
  ) j on true
  where p.id = p_project_id and (p_owner_id is null or p.owner_id = p_owner_id)
$$;
