-- Where an owner stands with an action, of which p_per_minute are allowed a minute, if the bucket is full at p_full_at. Null if
-- there is no limit: for a null owner, which is the service role, or a null p_per_minute.
-- The bucket holds p_per_minute: so many at once are allowed, and after them one each 60 / p_per_minute seconds. This is the
-- generic cell rate algorithm (ITU-T I.371). A bucket is never taken for emptier than empty, so a clock that goes back
-- costs an owner a minute at most. Called by rate and take_rate.
create function public.editai_bucket_rate(
  p_action text,
  p_per_minute integer,
  p_full_at timestamptz,
  p_now timestamptz
) returns public.editai_rate
language sql immutable security invoker set search_path = '' as $$
  select p_action, p_per_minute, floor(0.000001 + (60 - s.until_full) * p_per_minute / 60)::integer,
    case when s.until_full > 60 - 60.0 / p_per_minute + 0.000001
      then s.until_full - 60 + 60.0 / p_per_minute else 0 end,
    s.until_full
  from (
    select greatest(0, least(60, coalesce(extract(epoch from p_full_at - p_now)::double precision, 0))) as until_full
  ) s
$$;
