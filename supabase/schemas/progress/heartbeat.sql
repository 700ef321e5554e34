-- Renews a job's lease and writes its progress, in one call about once a second; tells the worker whether to continue.
-- Without p_percentage it only renews the lease. Within one attempt the percentage never goes down.
-- Outcomes: held (with the lease's new end); cancelled or lost, and then nothing was written.
-- Raises 22023 for a bad time to live.
create function public.editai_heartbeat(
  p_project_id text,
  p_job_id uuid,
  p_lease_id uuid,
  p_fencing_token bigint,
  p_ttl_seconds double precision,
  p_percentage integer default null,
  p_current_step text default '',
  p_estimated_remaining integer default null
) returns public.editai_heartbeat_reply
language plpgsql volatile security invoker set search_path = '' set lock_timeout = '2s' set statement_timeout = '2.3s' as $$
declare
  outcome text;
  expires_at timestamptz;
  v_renewal record;
begin
  select * into v_renewal
  from public.editai_renew_lease(p_project_id, p_lease_id, p_fencing_token, p_ttl_seconds);
  if not v_renewal.renewed then
    outcome := public.editai_loss_reason(p_job_id);
    return (outcome, expires_at);
  end if;
  if p_percentage is not null then
    insert into public.editai_generation_progress as g (
      project_id, percentage, current_step, estimated_remaining, updated_at, fencing_token, changed_at)
    select
      p_project_id, p_percentage, p_current_step, p_estimated_remaining, c.moment, p_fencing_token, c.moment
    from public.editai_clock() as c (moment)
    on conflict (project_id) do update set
      percentage = case
        when g.fencing_token = excluded.fencing_token then greatest(g.percentage, excluded.percentage)
        else excluded.percentage
      end,
      current_step = excluded.current_step,
      estimated_remaining = excluded.estimated_remaining,
      updated_at = excluded.updated_at,
      fencing_token = excluded.fencing_token,
      changed_at = case
        when g.fencing_token = excluded.fencing_token and g.current_step = excluded.current_step
          and g.percentage >= excluded.percentage
        then g.changed_at
        else excluded.changed_at
      end;
  end if;
  outcome := 'held';
  expires_at := v_renewal.expires_at;
  return (outcome, expires_at);
end
$$;
