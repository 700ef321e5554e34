-- Restricts all editai_ functions to the service role, and all editai_ procedures to their owner.
-- It revokes function by function, because Supabase's default privileges grant execute to anon and authenticated by
-- name, and default privileges of a schema cannot revoke what is granted to public.
-- Called at the end of each migration that creates a function.
create procedure public.editai_restrict_functions()
language plpgsql security invoker set search_path = '' as $$
declare
  v_function regprocedure;
begin
  for v_function in
    select p.oid from pg_catalog.pg_proc p
    where p.pronamespace = 'public'::regnamespace and starts_with(p.proname, 'editai_')
  loop
    execute format('revoke all on routine %s from public, anon, authenticated, service_role', v_function);
  end loop;
  for v_function in
    select p.oid from pg_catalog.pg_proc p
    where p.pronamespace = 'public'::regnamespace and starts_with(p.proname, 'editai_') and p.prokind = 'f'
  loop
    execute format('grant execute on function %s to service_role', v_function);
  end loop;
end
$$;

call public.editai_restrict_functions();
