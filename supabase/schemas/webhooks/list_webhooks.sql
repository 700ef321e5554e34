-- Returns an owner's webhooks without their secrets, newest first. Called by the library.
create function public.editai_list_webhooks(p_owner_id uuid)
returns table (
  id uuid, url text, events text[], failing_since timestamptz, disabled_at timestamptz, disabled_reason text,
  created_at timestamptz
)
language sql stable security invoker set search_path = '' set statement_timeout = '2.3s' as $$
  select w.id, w.url, w.events, w.failing_since, w.disabled_at, w.disabled_reason, w.created_at
  from public.editai_webhooks w where w.owner_id = p_owner_id order by w.row_number desc
$$;
