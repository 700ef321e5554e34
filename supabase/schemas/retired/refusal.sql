-- Renamed to editai_loss_reason. See the README for when to delete it.
create function public.editai_refusal(p_job_id uuid) returns text
language sql stable security invoker set search_path = '' as $$
  select case when exists (select 1 from public.editai_jobs j where j.id = p_job_id and j.status = 'cancelled')
    then 'cancelled' else 'lost' end
$$;
