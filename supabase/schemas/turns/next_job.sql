-- Returns the job that a worker with a free slot is to claim, or null if there is none for it. A delivery is only a wake-up: it is
-- not said that the job which it names is run next. As each queued job has a delivery of its own, every job is run.
-- p_kinds are the kinds of job that the worker runs; null is all.
-- The order is turn_at, by which owners take turns (see start_job). p_job_id is the job that the delivery names; it is
-- returned, once, if it does not wait or is of another kind, so that claim_job says what became of it. p_tried are jobs that the worker could not claim.
-- For a worker's last slot of several (p_is_last_slot), a job that costs more than 60 s is passed over if its owner has a
-- running job: one owner's heavy jobs never hold all slots of a worker.
-- Locks nothing: if two workers are told of the same job, claim_job gives it to one, and the other asks again. Judges at most
-- the first 100 jobs that may run, which an index gives, however long the queue is.
create function public.editai_next_job(
  p_job_id uuid default null,
  p_kinds text[] default null,
  p_tried uuid[] default '{}',
  p_is_last_slot boolean default false
) returns uuid
language plpgsql volatile security invoker set search_path = '' set statement_timeout = '2.3s'
set plan_cache_mode = force_custom_plan as $$
declare
  v_now timestamptz := public.editai_clock();
  v_next uuid;
begin
  select q.id into v_next
  from (
    select j.* from public.editai_jobs j
    where j.status = 'queued' and j.deadline_at > v_now and j.attempt < j.max_attempts and j.id <> all (p_tried)
      and (p_kinds is null or j.kind = any (p_kinds))
    order by j.turn_at nulls first, j.row_number
    limit 100
  ) q
  where not (p_is_last_slot and q.cost_seconds > 60 and exists (
    select 1
    from public.editai_projects own
    join public.editai_projects p on p.owner_id = own.owner_id and p.status in ('generating', 'rendering')
    join public.editai_jobs r on r.project_id = p.id and r.status = 'running'
    where own.id = q.project_id))
  order by q.turn_at nulls first, q.row_number
  limit 1;
  if v_next is null and p_job_id <> all (p_tried) and not exists (
    select 1 from public.editai_jobs j
    where j.id = p_job_id and j.status = 'queued' and j.deadline_at > v_now and j.attempt < j.max_attempts
      and (p_kinds is null or j.kind = any (p_kinds))
  ) then
    return p_job_id;
  end if;
  return v_next;
end
$$;
