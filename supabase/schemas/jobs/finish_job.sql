-- Ends a job as completed or failed: result, status, progress and release of the lease, in one transaction. Called by
-- the worker. p_export is the record of a final render.
-- Outcomes: finished (also when the same attempt repeats the call because its response was lost, and the job has ended
-- that way); cancelled or lost, and then nothing was written. Raises 22023 for another status.
create function public.editai_finish_job(
  p_project_id text,
  p_job_id uuid,
  p_lease_id uuid,
  p_fencing_token bigint,
  p_status text,
  p_result jsonb default null,
  p_error jsonb default null,
  p_export jsonb default null
) returns text
language plpgsql volatile security invoker set search_path = '' set lock_timeout = '2s' set statement_timeout = '2.3s' as $$
begin
  if p_status is null or p_status not in ('completed', 'failed') then
    raise exception 'a job finishes as completed or failed, not as %', p_status using errcode = 'invalid_parameter_value';
  end if;
  if not public.editai_lock_project(p_project_id) then
    return public.editai_loss_reason(p_job_id);
  end if;
  if not public.editai_lock_job_lease(p_project_id, p_job_id, p_lease_id, p_fencing_token) then
    return case when exists (
      select 1 from public.editai_jobs j
      where j.id = p_job_id and j.status = p_status and j.fencing_token = p_fencing_token
        and j.error is not distinct from p_error
    ) then 'finished' else public.editai_loss_reason(p_job_id) end;
  end if;
  if p_export is not null then
    insert into public.editai_exports (
      project_id, clip_id, job_id, preset, options, storage_path, thumbnail_path,
      duration_seconds, size_bytes, width, height, frame_rate)
    select
      p_project_id, (select c.id from public.editai_clips c where c.id = e.clip_id and c.project_id = p_project_id),
      p_job_id, e.preset, e.options, e.storage_path, e.thumbnail_path,
      e.duration_seconds, e.size_bytes, e.width, e.height, e.frame_rate
    from jsonb_populate_record(null::public.editai_exports, p_export) e;
  end if;
  perform public.editai_end_job(p_job_id, p_status, p_result, p_error);
  delete from public.editai_locks l where l.project_id = p_project_id;
  return 'finished';
end
$$;
