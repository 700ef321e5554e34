-- Returns where an owner stands with an action; locks and writes nothing. Null if there is no limit, see editai_bucket_rate.
-- Called by check_project.
create function public.editai_current_rate(p_owner_id uuid, p_action text, p_per_minute integer) returns public.editai_rate
language sql volatile security invoker set search_path = '' as $$
  select (r.rate).*
  from (
    select public.editai_bucket_rate(
      p_action, p_per_minute,
      (select x.full_at from public.editai_rates x where x.owner_id = p_owner_id and x.action = p_action),
      public.editai_clock()) as rate
  ) r
  where p_owner_id is not null and p_per_minute is not null
$$;
