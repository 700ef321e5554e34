-- Cleanup from inside the database, each minute, where pg_cron is there: for deployments without a scheduler of their own.
-- It may run beside lease_cleanup; each job that is queued again is handed over by whoever queued it.
--
--   pg_cron -> editai_run_cleanup -> editai_cleanup_leases -> pg_net -> worker
--
-- The worker is woken through pg_net when Vault holds two secrets:
--   select vault.create_secret('https://worker.example/', 'editai_worker_url');
--   select vault.create_secret('<INTERNAL_SECRET of the functions>', 'editai_internal_secret');
-- Where pg_cron comes later, `call public.editai_schedule_cleanup()` does what this migration could not.
-- Procedures, not functions: PostgREST offers neither to anyone, and only their owner may call them.

set lock_timeout = '5s';
set statement_timeout = '60s';

-- Reclaims expired leases and hands over what was queued again, as the function lease_cleanup does; files are left to it.
-- Without a worker to wake, a job is queued under a lease that has expired already: the next lease_cleanup, or a late
-- delivery, takes it at once instead of waiting for a hand-over that nobody makes.
create procedure public.editai_run_cleanup()
language plpgsql security invoker set search_path = '' set lock_timeout = '2s' as $$
declare
  v_worker_url text;
  v_secret text;
  v_wakes boolean;
  v_row record;
begin
  if pg_catalog.to_regclass('vault.decrypted_secrets') is not null
    and pg_catalog.to_regprocedure('net.http_post(text, jsonb, jsonb, jsonb, integer)') is not null
  then
    select
      max(s.decrypted_secret) filter (where s.name = 'editai_worker_url'),
      max(s.decrypted_secret) filter (where s.name = 'editai_internal_secret')
    into v_worker_url, v_secret
    from vault.decrypted_secrets s
    where s.name in ('editai_worker_url', 'editai_internal_secret');
  end if;
  v_wakes := v_worker_url is not null and v_secret is not null;

  for v_row in
    select c.job_id, c.action
    from public.editai_cleanup_leases(100, case when v_wakes then 30 else 0.001 end) c
  loop
    if v_wakes and v_row.action = 'requeued' then
      -- Sent after the commit: the worker finds the job as it is described here.
      perform net.http_post(
        url := v_worker_url,
        body := jsonb_build_object('job_id', v_row.job_id),
        headers := jsonb_build_object(
          'Content-Type', 'application/json',
          'Authorization', 'Bearer ' || v_secret,
          'Prefer', 'respond-async'),
        timeout_milliseconds := 5000);
    end if;
  end loop;
  perform public.editai_cleanup_uploads(100, 86400);
end
$$;

-- Forgets what pg_cron keeps about runs of ours that ended more than a day ago; others' stay. A run is ours by its command,
-- too: that of a schedule which was replaced has a jobid that no job has any more. One that could not connect may have no
-- time at all; runs are numbered in the order of their starts, so it is older than a day when a later one is.
create procedure public.editai_prune_history()
language plpgsql security invoker set search_path = '' as $$
declare
  v_before timestamptz := now() - interval '1 day';
begin
  delete from cron.job_run_details d
  where d.status in ('succeeded', 'failed')
    and (d.command in ('call public.editai_run_cleanup()', 'call public.editai_prune_history()')
      or d.jobid in (select j.jobid from cron.job j where j.jobname like 'editai\_%'))
    and case
      when coalesce(d.end_time, d.start_time) is null then d.runid < (
        select max(x.runid) from cron.job_run_details x where coalesce(x.end_time, x.start_time) < v_before)
      else coalesce(d.end_time, d.start_time) < v_before
    end;
end
$$;

-- Schedules the two above, cleanup each minute and the history once an hour.
-- Calling it again changes nothing. Without pg_cron, or without the right to use it, it says so and does nothing.
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

call public.editai_restrict_functions();

notify pgrst, 'reload schema';
