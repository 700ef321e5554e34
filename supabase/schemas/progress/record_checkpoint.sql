-- Saves the state after which a job's next attempt continues. Called by the worker of a job whose checkpoints are no clips.
-- p_percentage is the job's progress with it: it is shown at once, and the next attempt begins there.
-- Outcomes: recorded; cancelled or lost, and then nothing was written. Raises 23514 for a state that is no object or too large.
create function public.editai_record_checkpoint(
  p_project_id text,
  p_job_id uuid,
  p_lease_id uuid,
  p_fencing_token bigint,
  p_checkpoint jsonb,
  p_percentage integer default null
) returns text
language plpgsql volatile security invoker set search_path = '' set lock_timeout = '2s' set statement_timeout = '2.3s' as $$
begin
  if not public.editai_lock_job_lease(p_project_id, p_job_id, p_lease_id, p_fencing_token) then
    return public.editai_loss_reason(p_job_id);
  end if;
  update public.editai_jobs j set checkpoint = p_checkpoint where j.id = p_job_id;
  update public.editai_generation_progress g set
    percentage = greatest(g.percentage, p_percentage),
    checkpoint_percentage = greatest(g.checkpoint_percentage, p_percentage),
    updated_at = public.editai_clock()
  where g.project_id = p_project_id and g.fencing_token = p_fencing_token and p_percentage > g.checkpoint_percentage;
  return 'recorded';
end
$$;
