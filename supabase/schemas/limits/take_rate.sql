-- Counts one action of an owner, unless the limit of p_per_minute is reached: then wait_seconds of the result says for how long,
-- and nothing is written. Otherwise the result is the state after it. Null if there is no limit, see editai_bucket_rate.
-- The row is locked until the end of the transaction, so simultaneous calls cannot pass the limit together, in whatever
-- instance they begin. It is the last lock that a transaction takes. Called by start_job, announce_upload and
-- begin_confirm.
create function public.editai_take_rate(p_owner_id uuid, p_action text, p_per_minute integer) returns public.editai_rate
language plpgsql volatile security invoker set search_path = '' as $$
declare
  v_full_at timestamptz;
  v_now timestamptz;
  v_rate public.editai_rate;
begin
  if p_owner_id is null or p_per_minute is null then
    return null;
  end if;
  insert into public.editai_rates (owner_id, action, full_at) values (p_owner_id, p_action, public.editai_clock())
  on conflict do nothing;
  select r.full_at into v_full_at from public.editai_rates r
  where r.owner_id = p_owner_id and r.action = p_action for update;
  v_now := public.editai_clock();
  v_rate := public.editai_bucket_rate(p_action, p_per_minute, v_full_at, v_now);
  if v_rate.wait_seconds = 0 then
    v_full_at := v_now + make_interval(secs => v_rate.reset_seconds + 60.0 / p_per_minute);
    update public.editai_rates r set full_at = v_full_at where r.owner_id = p_owner_id and r.action = p_action;
    v_rate := public.editai_bucket_rate(p_action, p_per_minute, v_full_at, v_now);
    v_rate.wait_seconds := 0;
  end if;
  return v_rate;
end
$$;
