-- Deletes an owner's webhook with its deliveries, also those that are pending. Called by the library.
-- Returns false if the owner has no such webhook.
create function public.editai_delete_webhook(p_webhook_id uuid, p_owner_id uuid) returns boolean
language plpgsql volatile security invoker set search_path = '' set lock_timeout = '2s' set statement_timeout = '2.3s' as $$
begin
  delete from public.editai_webhooks w where w.id = p_webhook_id and w.owner_id = p_owner_id;
  return found;
end
$$;
