-- Records a finished clip: the checkpoint after which the next attempt continues. Called by the worker.
-- p_clip has the columns of editai_clips that describe the file and its variant. p_percentage is the job's progress with
-- this clip: it is shown at once, and the next attempt begins there.
-- Outcomes: recorded (with the clip; a repeated call returns the clip that was recorded first); cancelled or lost, and
-- then nothing was written. Raises 23505 if the variant number belongs to another job.
create function public.editai_record_clip(
  p_project_id text,
  p_job_id uuid,
  p_lease_id uuid,
  p_fencing_token bigint,
  p_clip jsonb,
  p_percentage integer default null
) returns public.editai_clip_record
language plpgsql volatile security invoker set search_path = '' set lock_timeout = '2s' set statement_timeout = '2.3s' as $$
declare
  outcome text;
  clip public.editai_clips;
begin
  if not public.editai_lock_job_lease(p_project_id, p_job_id, p_lease_id, p_fencing_token) then
    outcome := public.editai_loss_reason(p_job_id);
    return (outcome, clip);
  end if;
  insert into public.editai_clips (
    project_id, job_id, variant_number, variant_name, storage_path, thumbnail_path,
    duration_seconds, size_bytes, width, height, frame_rate, segments)
  select
    p_project_id, p_job_id, c.variant_number, c.variant_name, c.storage_path, c.thumbnail_path,
    c.duration_seconds, c.size_bytes, c.width, c.height, c.frame_rate, c.segments
  from jsonb_populate_record(null::public.editai_clips, p_clip) c
  on conflict on constraint editai_clips_one_per_variant do nothing;
  select c.* into clip from public.editai_clips c
  where c.project_id = p_project_id and c.job_id = p_job_id and c.variant_number = (p_clip ->> 'variant_number')::integer;
  if not found then
    raise exception 'variant % of this project is another job''s', p_clip ->> 'variant_number'
      using errcode = 'unique_violation';
  end if;
  update public.editai_generation_progress g set
    percentage = greatest(g.percentage, p_percentage),
    checkpoint_percentage = greatest(g.checkpoint_percentage, p_percentage),
    updated_at = public.editai_clock()
  where g.project_id = p_project_id and g.fencing_token = p_fencing_token and p_percentage > g.checkpoint_percentage;
  outcome := 'recorded';
  return (outcome, clip);
end
$$;
