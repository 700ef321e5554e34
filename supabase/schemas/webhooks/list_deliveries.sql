-- Returns one page of a webhook's deliveries, newest first; none if the owner has no such webhook. Called by the library.
-- A page starts after the row p_after_row_number.
create function public.editai_list_deliveries(
  p_webhook_id uuid,
  p_owner_id uuid,
  p_limit integer,
  p_after_created_at timestamptz default null,
  p_after_id uuid default null,
  p_after_row_number bigint default null
) returns setof public.editai_webhook_deliveries
language sql stable security invoker set search_path = '' set statement_timeout = '2.3s' as $$
  select d.* from public.editai_webhook_deliveries d join public.editai_webhooks w on w.id = d.webhook_id
  where d.webhook_id = p_webhook_id and w.owner_id = p_owner_id
    and (p_after_row_number is null or d.row_number < p_after_row_number)
  order by d.row_number desc
  limit p_limit
$$;
