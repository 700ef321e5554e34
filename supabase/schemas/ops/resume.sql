-- Ends a drain. Returns whether there was one of this name. Called by operators.
create function public.editai_resume(p_holder text) returns boolean
language plpgsql volatile security invoker set search_path = '' set lock_timeout = '2s' set statement_timeout = '2.3s' as $$
begin
  delete from public.editai_drains d where d.holder = p_holder;
  return found;
end
$$;
