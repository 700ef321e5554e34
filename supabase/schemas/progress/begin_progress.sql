-- Sets a project's progress to 0 for the lease that was just granted with this fencing token.
-- Called by start_job.
create function public.editai_begin_progress(p_project_id text, p_current_step text, p_fencing_token bigint) returns void
language sql volatile security invoker set search_path = '' as $$
  insert into public.editai_generation_progress as g (project_id, current_step, updated_at, fencing_token, changed_at)
  select p_project_id, p_current_step, c.moment, p_fencing_token, c.moment from public.editai_clock() as c (moment)
  on conflict (project_id) do update set
    percentage = 0,
    checkpoint_percentage = 0,
    current_step = excluded.current_step,
    estimated_remaining = null,
    updated_at = excluded.updated_at,
    fencing_token = excluded.fencing_token,
    changed_at = excluded.changed_at
$$;
