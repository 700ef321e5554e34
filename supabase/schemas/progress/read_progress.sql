-- Returns a project's progress and what explains it: status, newest job, lease. Called by the library. Returns no row
-- if there is no such project of the owner.
-- The progress is that of the newest job, and tells what was measured:
--   no job                0, no step; or what the last job left, if cleanup has removed its row since
--   queued                0, or what the attempt before reached; no estimate, because no worker runs it
--   running               what its worker wrote last, at most 99. stalled: the worker has missed two heartbeats, or its
--                         lease has expired, and the job was not taken over yet; then there is no estimate either
--   completed             100, and only then
--   failed                what was reached, at most 99
--   cancelled             0, no step: a cancel removes the progress
-- outcome is how the newest job ended; null while it is active, or if there is none.
-- updated_at is when the newest job ended, or progress was last written, or the project changed.
-- A queued job is never stalled: it holds its project until its deadline, which is therefore its lease_expires_at, and is
-- dispatched again.
create function public.editai_read_progress(p_project_id text, p_owner_id uuid)
returns setof public.editai_progress_report
language sql volatile security invoker set search_path = '' set statement_timeout = '2.3s' as $$
  select
    p.id,
    p.status,
    case
      when j.status = 'completed' then 100
      when j.status = 'cancelled' then 0
      when j.id is null then coalesce(g.percentage, 0)
      else least(coalesce(g.percentage, 0), 99)
    end,
    case
      when j.status = 'completed' then 'Completed'
      when j.status = 'cancelled' then ''
      else coalesce(g.current_step, '')
    end,
    case
      when j.status = 'completed' then 0
      when j.id is null or j.status = 'running' and not s.stalled then g.estimated_remaining
    end,
    coalesce(j.finished_at, g.updated_at, p.updated_at),
    s.stalled,
    case when j.finished_at is not null then j.status end,
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
  cross join lateral (
    select p.status in ('generating', 'rendering') and j.status is distinct from 'queued'
      and coalesce(least(l.stalled_at, l.expires_at) <= public.editai_clock(), true) as stalled
  ) s
  where p.id = p_project_id and (p_owner_id is null or p.owner_id = p_owner_id)
$$;
