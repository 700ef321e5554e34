-- Begins the progress of a job's attempt for the lease that was just granted with this fencing token: where the clips that
-- earlier attempts recorded stand, or at 0. Called by claim_job.
create function public.editai_resume_progress(p_project_id text, p_current_step text, p_fencing_token bigint) returns void
language sql volatile security invoker set search_path = '' as $$
  insert into public.editai_generation_progress as g (project_id, current_step, updated_at, fencing_token, changed_at)
  select p_project_id, p_current_step, c.moment, p_fencing_token, c.moment from public.editai_clock() as c (moment)
  on conflict (project_id) do update set
    percentage = g.checkpoint_percentage,
    current_step = excluded.current_step,
    estimated_remaining = null,
    updated_at = excluded.updated_at,
    fencing_token = excluded.fencing_token,
    changed_at = excluded.changed_at
$$;
