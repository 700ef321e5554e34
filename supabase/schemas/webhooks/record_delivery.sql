-- Records what became of an attempt: its status code, or an error if there was no response. Called by the sender.
-- Outcomes: delivered (2xx); retried, after a pause that doubles from 5 s to an hour, of which a random half is left out;
-- failed (its day is over, or 410); stale, and then nothing was written: the claim was lost to another attempt.
-- A webhook with a URL is disabled by 410, and when it has failed for five days. Its pending deliveries then fail.
create function public.editai_record_delivery(
  p_delivery_id uuid, p_attempt integer, p_status_code integer, p_error text default null
) returns text
language plpgsql volatile security invoker set search_path = '' set lock_timeout = '2s' set statement_timeout = '2.3s' as $$
declare
  v_now timestamptz;
  v_webhook public.editai_webhooks;
  v_delivery public.editai_webhook_deliveries;
  v_next timestamptz;
  v_reason text;
  v_outcome text;
begin
  select w.* into v_webhook
  from public.editai_webhooks w join public.editai_webhook_deliveries d on d.webhook_id = w.id
  where d.id = p_delivery_id for no key update of w;
  select d.* into v_delivery from public.editai_webhook_deliveries d
  where d.id = p_delivery_id and d.attempt = p_attempt and d.status = 'pending' for update;
  if not found then
    return 'stale';
  end if;
  v_now := public.editai_clock();
  v_next := v_now + least(3600, 5 * 2 ^ least(p_attempt - 1, 20)) * (0.5 + random() / 2) * interval '1 second';
  v_outcome := case
    when p_status_code between 200 and 299 then 'delivered'
    when p_status_code = 410 or v_next > v_delivery.expires_at then 'failed'
    else 'retried'
  end;
  update public.editai_webhook_deliveries d set
    status = case v_outcome when 'retried' then 'pending' else v_outcome end,
    finished_at = case when v_outcome <> 'retried' then v_now end,
    next_attempt_at = v_next,
    claimed_until = null,
    status_code = p_status_code,
    error = p_error
  where d.id = p_delivery_id;
  v_reason := case
    when v_outcome = 'delivered' or v_webhook.url is null then null
    when p_status_code = 410 then 'gone'
    when v_webhook.failing_since <= v_now - interval '5 days' then 'failing'
  end;
  update public.editai_webhooks w set
    failing_since = case when v_outcome <> 'delivered' then coalesce(w.failing_since, v_now) end,
    disabled_at = coalesce(w.disabled_at, case when v_reason is not null then v_now end),
    disabled_reason = coalesce(w.disabled_reason, v_reason)
  where w.id = v_webhook.id
    and (v_outcome <> 'delivered' or w.failing_since is not null);
  if v_reason is not null then
    update public.editai_webhook_deliveries d
    set status = 'failed', finished_at = v_now, error = 'the webhook is disabled'
    where d.webhook_id = v_webhook.id and d.status = 'pending';
  end if;
  return v_outcome;
end
$$;
