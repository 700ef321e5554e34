-- Announces a file that the library is about to store for an upload: it becomes garbage in one hour, unless a row
-- points at it by then. So a process that dies between storing the file and starting the job leaves no file behind.
-- Counts the probe of that file for its owner. If wait_seconds of the result is more than 0, the owner has had
-- p_max_probes_per_minute, and nothing is announced. The result is null without a limit.
create function public.editai_announce_upload(
  p_project_id text,
  p_storage_path text,
  p_owner_id uuid default null,
  p_max_probes_per_minute integer default null
) returns public.editai_rate
language plpgsql volatile security invoker set search_path = '' set lock_timeout = '2s' set statement_timeout = '2.3s' as $$
declare
  v_rate public.editai_rate := public.editai_take_rate(p_owner_id, 'probe', p_max_probes_per_minute);
begin
  if coalesce(v_rate.wait_seconds, 0) = 0 then
    insert into public.editai_storage_garbage (project_id, prefix, not_before)
    values (p_project_id, p_storage_path, public.editai_clock() + interval '1 hour');
  end if;
  return v_rate;
end
$$;
