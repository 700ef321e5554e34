-- Ends an active job, and updates its project, progress and files to match. Does nothing to a job that has ended.
-- Called by finish_job, cancel_job, supersede_jobs and fail_exhausted_job. The caller holds the project's row lock, and
-- has taken over the job's lease or removes it.
-- The text of a render's subtitles is removed from params, and the checkpoint: they may be long, and job rows are kept for
-- months.
create function public.editai_end_job(p_job_id uuid, p_status text, p_result jsonb, p_error jsonb) returns void
language plpgsql volatile security invoker set search_path = '' as $$
declare
  v_job public.editai_jobs;
  v_now timestamptz := public.editai_clock();
begin
  update public.editai_jobs j set
    status = p_status,
    result = p_result,
    error = p_error,
    finished_at = v_now,
    checkpoint = null,
    params = j.params #- '{options,subtitles,srt}' #- '{options,subtitles,vtt}'
  where j.id = p_job_id and j.status in ('queued', 'running')
  returning j.* into v_job;
  if not found then
    return;
  end if;
  update public.editai_projects p set
    status = case
      when p_status = 'failed' then 'failed'
      when exists (select 1 from public.editai_clips c where c.project_id = p.id) then 'ready_for_triage'
      else 'created'
    end,
    updated_at = v_now
  where p.id = v_job.project_id;
  if p_status = 'cancelled' then
    delete from public.editai_generation_progress g where g.project_id = v_job.project_id;
  elsif p_status = 'completed' then
    update public.editai_generation_progress g set
      percentage = 100, current_step = 'Completed', estimated_remaining = 0, updated_at = v_now
    where g.project_id = v_job.project_id;
  end if;
  -- Only a job that completed in its first attempt leaves no unused files.
  if p_status <> 'completed' or v_job.attempt > 1 then
    insert into public.editai_storage_garbage (project_id, prefix, not_before)
    select v_job.project_id, v_job.project_id || '/jobs/' || v_job.id || '/', due.at
    from public.editai_job_removal_times(v_job, v_now + interval '5 minutes') as due (at);
  end if;
end
$$;
