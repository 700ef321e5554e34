-- Gives a sender one delivery that is due, for p_claim_seconds; with p_job_id, only one of that job. Called by whoever ends
-- a job, and by lease_cleanup. Returns no row if none is due.
-- A sender that is killed loses its claim in time, and the delivery is sent again. A delivery waits for the earlier ones of
-- its job to the same URL. At most p_per_host are claimed for one host, so that a slow one does not get all senders.
-- secrets are those that sign it, the current one first.
create function public.editai_claim_delivery(p_claim_seconds double precision, p_per_host integer, p_job_id uuid default null)
returns table (id uuid, attempt integer, url text, payload jsonb, secrets text[])
language plpgsql volatile security invoker set search_path = '' set lock_timeout = '2s' set statement_timeout = '2.3s'
set plan_cache_mode = force_custom_plan as $$
declare
  v_now timestamptz := public.editai_clock();
  v_id uuid;
begin
  select d.id into v_id from public.editai_webhook_deliveries d
  where d.status = 'pending' and d.next_attempt_at <= v_now and (d.claimed_until is null or d.claimed_until <= v_now)
    and (p_job_id is null or d.job_id = p_job_id)
    and not exists (
      select 1 from public.editai_webhook_deliveries e
      where e.status = 'pending' and e.job_id = d.job_id and e.webhook_id = d.webhook_id and e.url = d.url
        and e.row_number < d.row_number)
    and p_per_host > (
      select count(*) from public.editai_webhook_deliveries b
      where b.status = 'pending' and b.host = d.host and b.claimed_until > v_now)
  order by d.next_attempt_at, d.row_number
  limit 1
  for update of d skip locked;
  return query
  update public.editai_webhook_deliveries d
  set attempt = d.attempt + 1, claimed_until = v_now + make_interval(secs => p_claim_seconds)
  from public.editai_webhooks w
  where d.id = v_id and w.id = d.webhook_id
  returning d.id, d.attempt, d.url, d.payload, array_remove(
    array[w.secret, case when w.previous_secret_until > v_now then w.previous_secret end], null);
end
$$;
