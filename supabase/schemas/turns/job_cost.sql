-- Estimates the cost of a job, in seconds of video that it writes. A raw clips job also reads its whole source, five times as fast; a final
-- render encodes once and measures once. A job of a kind that is not known here counts as 120. Never more than 600: so long can a
-- heavy job be overtaken by lighter ones. Called by start_job.
-- p_input_seconds is the length of the source, or of the clip to render. A member of params that is missing counts as the API's
-- default.
create function public.editai_job_cost(p_kind text, p_params jsonb, p_input_seconds double precision)
returns double precision
language sql immutable security invoker set search_path = '' as $$
  select least(600, case
    when p_kind = 'final_render' then 2 * coalesce(p_input_seconds, 30)
    when p_kind in ('raw_clips', 'segment_clips') then
      coalesce((p_params ->> 'variant_count')::double precision, 1)
      * coalesce((p_params ->> 'target_duration')::double precision, 30)
      + case p_kind when 'raw_clips' then coalesce(p_input_seconds, 0) / 5 else 0 end
    else 120
  end)
$$;
