-- Registers the files of an attempt that lost its lease as garbage. Its worker calls this last, so that files which it
-- stored after the job's end are removed, too. Files that a row points at are kept. The removal waits five minutes,
-- because the write of such a row may still be in flight.
create function public.editai_discard_outputs(p_project_id text, p_job_id uuid, p_fencing_token bigint) returns void
language sql volatile security invoker set search_path = '' set lock_timeout = '2s' set statement_timeout = '2.3s' as $$
  insert into public.editai_storage_garbage (project_id, prefix, not_before)
  values (p_project_id, p_project_id || '/jobs/' || p_job_id || '/' || p_fencing_token || '/',
    public.editai_clock() + interval '5 minutes')
$$;
