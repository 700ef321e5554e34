-- Notes what has happened to a job, see job_events.sql. Called by the trigger below, in the transaction of every function
-- that changes a job's state. It reads the lease and the progress as they are at that moment, and locks nothing.
create function public.editai_note_job_event() returns trigger
language plpgsql volatile security invoker set search_path = '' as $$
declare
  v_lease public.editai_locks;
begin
  select l.* into v_lease from public.editai_locks l where l.project_id = new.project_id and l.job_id = new.id;
  insert into public.editai_job_events (
    job_id, event, attempt, fencing_token, holder, percentage, current_step, code)
  select
    new.id,
    case
      when new.attempt > old.attempt then 'claimed'
      when new.attempt < old.attempt then 'returned'
      when new.status = 'queued' then 'requeued'
      else new.status
    end,
    greatest(old.attempt, new.attempt), coalesce(v_lease.fencing_token, new.fencing_token), v_lease.holder,
    g.percentage, g.current_step, new.error ->> 'code'
  from (values (1)) one
  left join public.editai_generation_progress g on g.project_id = new.project_id;
  return null;
end
$$;

create trigger editai_jobs_note_event after update of status, attempt on public.editai_jobs
  for each row when (old.status is distinct from new.status or old.attempt is distinct from new.attempt)
  execute function public.editai_note_job_event();
