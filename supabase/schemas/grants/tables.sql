-- Who may do what with tables and sequences; functions are restricted by restrict_functions.sql.
-- Supabase grants everything in schema public to all API roles by default, so everything is revoked first.
revoke all on
  public.editai_projects, public.editai_sources, public.editai_jobs, public.editai_clips, public.editai_export_presets,
  public.editai_exports, public.editai_locks, public.editai_generation_progress, public.editai_storage_garbage,
  public.editai_job_events, public.editai_cleanup_runs, public.editai_drains, public.editai_rates,
  public.editai_webhooks, public.editai_webhook_deliveries,
  public.editai_ops_jobs, public.editai_ops_leases, public.editai_ops_queue, public.editai_ops_cleanup
  from public, anon, authenticated, service_role;
revoke all on sequence
  public.editai_fencing_tokens, public.editai_row_numbers, public.editai_storage_garbage_id_seq
  from public, anon, authenticated, service_role;

-- Users read their own rows, which the policies select, so that supabase-js and Realtime work. anon reads nothing.
grant select on
  public.editai_projects, public.editai_sources, public.editai_jobs, public.editai_clips, public.editai_export_presets,
  public.editai_exports, public.editai_generation_progress
  to authenticated;
-- Users see which job holds a project and until when. They do not see lease_id, which is half of what proves that a
-- caller holds the lease, nor holder, which names the worker's host and process for operators.
grant select (project_id, fencing_token, job_id, acquired_at, expires_at, deadline_at, stalled_at)
  on public.editai_locks
  to authenticated;

-- The SQL functions run with the rights of their caller, the service role. It gets what they need and no more: an export
-- never changes. What follows a deleted project or clip is deleted by the foreign key, which needs no grant.
grant select, insert, update, delete on
  public.editai_projects, public.editai_sources, public.editai_jobs, public.editai_clips, public.editai_locks,
  public.editai_generation_progress
  to service_role;
grant select, insert, delete on public.editai_exports to service_role;
grant select, insert, delete on public.editai_storage_garbage to service_role;
grant select, insert, update on public.editai_rates to service_role;
grant select, insert, update, delete on public.editai_webhooks, public.editai_webhook_deliveries to service_role;
grant select on public.editai_export_presets to service_role;
-- Nothing changes what has happened to a job; its rows are deleted with it.
grant select, insert on public.editai_job_events to service_role;
grant select, insert, update on public.editai_cleanup_runs to service_role;
grant select, insert, delete on public.editai_drains to service_role;
grant select on
  public.editai_ops_jobs, public.editai_ops_leases, public.editai_ops_queue, public.editai_ops_cleanup
  to service_role;
grant usage on sequence
  public.editai_fencing_tokens, public.editai_row_numbers, public.editai_storage_garbage_id_seq
  to service_role;
