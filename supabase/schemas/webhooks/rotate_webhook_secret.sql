-- Gives a webhook a new secret and returns it; for a day the previous one signs, too. Called by the library.
-- Returns null if the owner has no such webhook.
create function public.editai_rotate_webhook_secret(p_webhook_id uuid, p_owner_id uuid) returns text
language sql volatile security invoker set search_path = '' set lock_timeout = '2s' set statement_timeout = '2.3s' as $$
  update public.editai_webhooks w set
    previous_secret = w.secret,
    previous_secret_until = public.editai_clock() + interval '1 day',
    secret = default
  where w.id = p_webhook_id and w.owner_id = p_owner_id
  returning w.secret
$$;
