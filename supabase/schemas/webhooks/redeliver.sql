-- Makes a delivery due now, for another day, and enables its webhook if it was disabled. Called by the library.
-- Returns the delivery; no row if the owner has no such webhook or delivery.
create function public.editai_redeliver(p_delivery_id uuid, p_webhook_id uuid, p_owner_id uuid)
returns setof public.editai_webhook_deliveries
language plpgsql volatile security invoker set search_path = '' set lock_timeout = '2s' set statement_timeout = '2.3s' as $$
begin
  update public.editai_webhooks w set failing_since = null, disabled_at = null, disabled_reason = null
  where w.id = p_webhook_id and w.owner_id = p_owner_id
    and exists (select 1 from public.editai_webhook_deliveries d where d.id = p_delivery_id and d.webhook_id = w.id);
  if not found then
    return;
  end if;
  return query
  update public.editai_webhook_deliveries d set
    status = 'pending', finished_at = null, next_attempt_at = public.editai_clock(),
    expires_at = public.editai_clock() + interval '1 day'
  where d.id = p_delivery_id and d.webhook_id = p_webhook_id
  returning d.*;
end
$$;
