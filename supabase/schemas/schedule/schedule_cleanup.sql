-- Schedules editai_run_cleanup each minute and editai_prune_history each hour, by pg_cron. A repeated call changes
-- nothing.
-- Without pg_cron, or without the right to use it, it raises a notice and does nothing else: call it again once pg_cron
-- is available. A procedure, not a function: PostgREST does not offer it, and only its owner may call it.
create procedure public.editai_schedule_cleanup()
language plpgsql security invoker set search_path = '' as $$
begin
  if not exists (select 1 from pg_catalog.pg_available_extensions e where e.name = 'pg_cron') then
    raise notice 'pg_cron is not available: cleanup is not scheduled in the database';
    return;
  end if;
  begin
    create extension if not exists pg_cron;
    perform cron.schedule('editai_run_cleanup', '* * * * *', 'call public.editai_run_cleanup()');
    perform cron.schedule('editai_prune_history', '7 * * * *', 'call public.editai_prune_history()');
  exception when others then
    raise notice 'cleanup is not scheduled in the database: %', sqlerrm;
  end;
end
$$;

call public.editai_schedule_cleanup();
