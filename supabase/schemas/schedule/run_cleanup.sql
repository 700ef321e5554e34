-- Cleans up from inside the database. Scheduled each minute by editai_schedule_cleanup, where pg_cron is available; for
-- deployments without a scheduler of their own.
--
--   pg_cron -> editai_run_cleanup -> editai_cleanup_leases -> pg_net -> worker
--
-- It reclaims expired leases and dispatches requeued jobs, as the function lease_cleanup does, and may run beside it:
-- each requeued job is dispatched by the one that requeued it. Files are left to lease_cleanup.
-- Jobs are dispatched through pg_net, if Vault holds two secrets:
--   select vault.create_secret('https://worker.example/', 'editai_worker_url');
--   select vault.create_secret('<INTERNAL_SECRET of the functions>', 'editai_internal_secret');
-- Jobs of a kind that another function runs go to the address in 'editai_worker_url_' and the kind, if there is such a secret.
-- Otherwise a job is requeued under a lease that has already expired: the next lease_cleanup, or a late delivery, then
-- takes the job at once instead of waiting for a dispatch that does not come.
-- Ended jobs are kept for 90 days and idempotency keys for 7, unless Vault holds other numbers. Set those of the settings
-- JOB_RETENTION_DAYS and IDEMPOTENCY_KEY_DAYS of lease_cleanup, if they differ from its defaults:
--   select vault.create_secret('365', 'editai_job_retention_days');
--   select vault.create_secret('30', 'editai_idempotency_key_days');
-- A step or a dispatch that raises an error does not stop the rest; a warning in Postgres's log tells of it.
-- A procedure, not a function: PostgREST does not offer it, and only its owner may call it.
create procedure public.editai_run_cleanup()
language plpgsql security invoker set search_path = '' set lock_timeout = '2s' as $$
declare
  v_worker_url text;
  v_worker_urls jsonb;
  v_secret text;
  v_can_dispatch boolean;
  v_job_days text;
  v_key_days text;
  v_row record;
  v_started_at timestamptz := public.editai_clock();
  v_failed text[] := array[]::text[];
begin
  if pg_catalog.to_regclass('vault.decrypted_secrets') is not null then
    select
      max(s.decrypted_secret) filter (where s.name = 'editai_worker_url'),
      jsonb_object_agg(s.name, s.decrypted_secret) filter (where starts_with(s.name, 'editai_worker_url_')),
      max(s.decrypted_secret) filter (where s.name = 'editai_internal_secret'),
      max(s.decrypted_secret) filter (where s.name = 'editai_job_retention_days'),
      max(s.decrypted_secret) filter (where s.name = 'editai_idempotency_key_days')
    into v_worker_url, v_worker_urls, v_secret, v_job_days, v_key_days
    from vault.decrypted_secrets s
    where starts_with(s.name, 'editai_worker_url_') or s.name in (
      'editai_worker_url', 'editai_internal_secret', 'editai_job_retention_days', 'editai_idempotency_key_days');
  end if;
  v_can_dispatch := v_worker_url is not null and v_secret is not null
    and pg_catalog.to_regprocedure('net.http_post(text, jsonb, jsonb, jsonb, integer)') is not null;

  begin
    for v_row in
      select c.job_id, c.action, c.kind
      from public.editai_cleanup_leases(50, case when v_can_dispatch then 30 else 0.001 end) c
    loop
      continue when not v_can_dispatch or v_row.action <> 'requeued';
      begin
        -- pg_net sends this after the commit, so the worker finds the job queued.
        perform net.http_post(
          url := coalesce(v_worker_urls ->> ('editai_worker_url_' || v_row.kind), v_worker_url),
          body := jsonb_build_object('job_id', v_row.job_id),
          headers := jsonb_build_object(
            'Content-Type', 'application/json',
            'Authorization', 'Bearer ' || v_secret,
            'Prefer', 'respond-async'),
          timeout_milliseconds := 5000);
      exception when others then
        raise warning 'job % was not dispatched: %', v_row.job_id, sqlerrm;
      end;
    end loop;
  exception when others then
    raise warning 'cleanup of leases failed: %', sqlerrm;
    v_failed := v_failed || 'reclaim_leases'::text;
  end;
  begin
    perform public.editai_cleanup_uploads(50, 86400);
  exception when others then
    raise warning 'cleanup of uploads failed: %', sqlerrm;
    v_failed := v_failed || 'drop_uploads'::text;
  end;
  begin
    perform public.editai_cleanup_jobs(50, 86400 * coalesce(v_job_days::double precision, 90));
  exception when others then
    raise warning 'cleanup of jobs failed: %', sqlerrm;
    v_failed := v_failed || 'remove_jobs'::text;
  end;
  begin
    perform public.editai_expire_idempotency_keys(50, 86400 * coalesce(v_key_days::double precision, 7));
  exception when others then
    raise warning 'cleanup of idempotency keys failed: %', sqlerrm;
    v_failed := v_failed || 'expire_keys'::text;
  end;
  begin
    perform public.editai_cleanup_deliveries(50, 86400 * 30);
  exception when others then
    raise warning 'cleanup of deliveries failed: %', sqlerrm;
    v_failed := v_failed || 'forget_deliveries'::text;
  end;
  perform public.editai_record_cleanup(
    'pg_cron', extract(epoch from public.editai_clock() - v_started_at)::double precision, v_failed, '{}');
end
$$;
