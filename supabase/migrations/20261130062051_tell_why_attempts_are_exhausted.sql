-- Tell users what ended a job's last attempt: all were told that it had stopped responding, also when its disk was full.
-- Written by `make migration` from supabase/schemas, which says of each object what it is for.
-- Checksum of what follows, which shows changes by hand: f36f38b01617c954

set lock_timeout = '5s';
set statement_timeout = '60s';

set local check_function_bodies = off;

-- Fails a job that has no attempt or no time left, and releases its project. Called by claim_job and reclaim_lease,
-- which hold the row locks of the project and the lease.
-- If the last attempt was abandoned, the user reads what for; otherwise its worker died or lost its lease.
create or replace function public.editai_fail_exhausted_job(p_job public.editai_jobs) returns void
language plpgsql volatile security invoker set search_path = '' as $$
declare
  v_abandoned_for text;
  v_error jsonb := jsonb_build_object('code', 'deadline_exceeded', 'detail', 'The job did not end before its deadline.');
begin
  if (p_job).attempt >= (p_job).max_attempts then
    select e.code into v_abandoned_for from public.editai_job_events e
    where e.job_id = (p_job).id and e.event = 'abandoned' and e.fencing_token = (p_job).fencing_token
    order by e.row_number desc limit 1;
    v_error := jsonb_build_object('code', 'attempts_exhausted', 'detail', format(case
      when v_abandoned_for is null then 'The last of %s attempts stopped responding. Try again later, or use fewer or smaller videos.'
      when v_abandoned_for = 'out-of-disk-space' then
        'The worker ran out of disk space in the last of %s attempts. Try again later, or use fewer or smaller videos.'
      when v_abandoned_for = 'storage-unavailable' then
        'The storage of the files did not respond in the last of %s attempts. Try again later.'
      when v_abandoned_for = 'attempt-too-long' then
        'The last of %s attempts took longer than one may. Use fewer or shorter videos.'
      else 'The last of %s attempts met a fault of this service. Try again later.'
    end, (p_job).max_attempts));
  end if;
  perform public.editai_end_job((p_job).id, 'failed', null, v_error);
  delete from public.editai_locks l where l.project_id = (p_job).project_id;
end
$$;

-- Returns the version of the newest migration, 14 digits. Called by the library's readyz, to compare with
-- SCHEMA_VERSION.
-- `make migration` writes the same version here, in shared/database/schema_version.py and in the new file's name.
create or replace function public.editai_schema_version()
returns text
language sql immutable security invoker set search_path = '' as $$
  select '20261130062051'
$$;

call public.editai_restrict_functions();

notify pgrst, 'reload schema';
