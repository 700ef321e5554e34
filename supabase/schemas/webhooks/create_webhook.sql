-- Creates a webhook; a null URL is for the webhook_url of single jobs. Called by the library.
-- Outcomes: created (with the secret, which is not shown again); exists (the owner has the one without a URL already);
-- too_many (the owner has p_max_webhooks).
create function public.editai_create_webhook(
  p_owner_id uuid,
  p_url text,
  p_events text[],
  p_max_webhooks integer
) returns public.editai_webhook_creation
language plpgsql volatile security invoker set search_path = '' set lock_timeout = '2s' set statement_timeout = '2.3s' as $$
declare
  outcome text;
  webhook public.editai_webhooks;
begin
  perform pg_advisory_xact_lock(hashtextextended('editai_webhooks ' || p_owner_id, 0));
  if (select count(*) from public.editai_webhooks w where w.owner_id = p_owner_id) >= p_max_webhooks then
    outcome := 'too_many';
    return (outcome, webhook);
  end if;
  insert into public.editai_webhooks (owner_id, url, events) values (p_owner_id, p_url, p_events)
  on conflict (owner_id) where url is null do nothing
  returning * into webhook;
  outcome := case when found then 'created' else 'exists' end;
  return (outcome, webhook);
end
$$;
