-- Adds a delivery for each webhook that is to be told of a job's new status, in the transaction that changes it. So no path
-- that ends a job can forget it, and an event exists exactly if its change was committed.
-- job.started is told when a worker claims the job for the first time; the ends are told once, since an ended job never
-- changes again.
create function public.editai_queue_deliveries() returns trigger
language plpgsql security invoker set search_path = '' set "TimeZone" = 'UTC' as $$
declare
  v_type text := 'job.' || case new.status when 'running' then 'started' else new.status end;
  v_owner_id uuid;
  v_payload jsonb;
begin
  if new.status = 'running' and old.started_at is not null then
    return null;
  end if;
  select p.owner_id into v_owner_id from public.editai_projects p where p.id = new.project_id;
  v_payload := jsonb_build_object(
    'type', v_type,
    'timestamp', coalesce(new.finished_at, new.started_at),
    'data', jsonb_build_object(
      'project_id', new.project_id,
      'job', jsonb_build_object(
        'id', new.id, 'kind', new.kind, 'status', new.status, 'attempt', new.attempt, 'result', new.result,
        'error', new.error, 'created_at', new.created_at, 'started_at', new.started_at,
        'finished_at', new.finished_at)));
  if new.webhook_url is not null and new.status <> 'running' then
    insert into public.editai_webhooks (owner_id, events)
    values (v_owner_id, array['job.completed', 'job.failed', 'job.cancelled'])
    on conflict (owner_id) where url is null do nothing;
  end if;
  insert into public.editai_webhook_deliveries (webhook_id, project_id, job_id, url, type, payload)
  select w.id, new.project_id, new.id, coalesce(w.url, new.webhook_url), v_type, v_payload
  from public.editai_webhooks w
  where w.owner_id = v_owner_id and w.disabled_at is null and v_type = any (w.events)
    and coalesce(w.url, new.webhook_url) is not null;
  return null;
end
$$;

create trigger editai_queue_deliveries after update of status on public.editai_jobs
  for each row when (new.status <> 'queued' and new.status is distinct from old.status)
  execute function public.editai_queue_deliveries();
