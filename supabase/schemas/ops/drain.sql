-- Gives the workers whose holder begins with p_holder no further jobs; what they run goes on. Called by operators.
create function public.editai_drain(p_holder text) returns void
language sql volatile security invoker set search_path = '' set lock_timeout = '2s' set statement_timeout = '2.3s' as $$
  insert into public.editai_drains (holder) values (p_holder) on conflict (holder) do nothing
$$;
