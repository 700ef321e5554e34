-- A heartbeat that asks only whether the project is held, not whether by its caller.
create or replace function public.editai_heartbeat(
  p_project_id text,
  p_job_id uuid,
  p_lease_id uuid,
  p_fencing_token bigint,
  p_ttl_seconds double precision,
  p_percentage integer default null,
  p_current_step text default '',
  p_estimated_remaining integer default null,
  out outcome text,
  out expires_at timestamptz
)
language plpgsql volatile security invoker set search_path = '' as $$
begin
  update public.editai_locks l set expires_at = public.editai_clock() + public.editai_ttl(p_ttl_seconds)
  where l.project_id = p_project_id
  returning l.expires_at into expires_at;
  if not found then
    outcome := public.editai_loss_reason(p_job_id);
    return;
  end if;
  update public.editai_generation_progress g set
    percentage = coalesce(p_percentage, g.percentage),
    current_step = p_current_step,
    updated_at = public.editai_clock(),
    fencing_token = p_fencing_token
  where g.project_id = p_project_id;
  outcome := 'held';
end
$$;
