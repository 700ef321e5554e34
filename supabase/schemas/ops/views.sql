-- What an operator reads, by editai-admin, the library's /ops or in the SQL editor. Only the service role may. read_at is the
-- database's time, by which ages are told. No view shows a lease id or the params of a job.

-- Jobs, with the lease, the holder and the progress of an active one.
create view public.editai_ops_jobs with (security_invoker = true) as
select
  j.id, j.project_id, p.owner_id, j.kind, j.status, j.attempt, j.max_attempts, j.dispatches, j.created_at, j.started_at,
  j.finished_at, j.deadline_at, j.dispatch_due_at, j.error, j.row_number,
  l.holder, l.fencing_token, l.acquired_at, l.expires_at, l.stalled_at,
  g.percentage, g.current_step, g.updated_at as progress_at, coalesce(g.changed_at, g.updated_at) as changed_at,
  public.editai_clock() as read_at
from public.editai_jobs j
join public.editai_projects p on p.id = j.project_id
left join public.editai_locks l on l.project_id = j.project_id and l.job_id = j.id
left join public.editai_generation_progress g on g.project_id = j.project_id and j.status in ('queued', 'running');

-- Leases of projects and of other keys, with their job if it is one's.
create view public.editai_ops_leases with (security_invoker = true) as
select
  l.project_id, l.holder, l.fencing_token, l.acquired_at, l.expires_at, l.stalled_at, l.deadline_at,
  l.job_id, j.kind, j.status, public.editai_clock() as read_at
from public.editai_locks l
left join public.editai_jobs j on j.id = l.job_id;

-- The active jobs of each kind: how many wait, how long, and how often those were dispatched.
create view public.editai_ops_queue with (security_invoker = true) as
select
  j.kind,
  count(*) filter (where j.status = 'queued') as queued,
  count(*) filter (where j.status = 'running') as running,
  min(j.created_at) filter (where j.status = 'queued') as oldest_at,
  max(j.dispatches) filter (where j.status = 'queued') as most_dispatches,
  public.editai_clock() as read_at
from public.editai_jobs j
where j.status in ('queued', 'running')
group by j.kind;

-- The last cleanup of each that runs it.
create view public.editai_ops_cleanup with (security_invoker = true) as
select r.runner, r.ended_at, r.duration_seconds, r.failed_steps, r.counts, r.completed_at, public.editai_clock() as read_at
from public.editai_cleanup_runs r;
