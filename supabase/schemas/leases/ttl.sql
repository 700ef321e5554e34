-- Turns a time to live in seconds into an interval. Called by every function that sets the end of a lease.
-- Raises 22023 unless it is more than 0 and at most 3600 seconds.
create function public.editai_ttl(p_ttl_seconds double precision) returns interval
language plpgsql immutable security invoker set search_path = '' as $$
begin
  if p_ttl_seconds is null or p_ttl_seconds <= 0 or p_ttl_seconds > 3600 then
    raise exception 'a time to live is more than 0 and at most 3600 seconds, not %', p_ttl_seconds
      using errcode = 'invalid_parameter_value';
  end if;
  return make_interval(secs => p_ttl_seconds);
end
$$;
