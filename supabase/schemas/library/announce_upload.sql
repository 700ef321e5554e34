-- Announces a file that the library is about to store for an upload: it becomes garbage in one hour, unless a row
-- points at it by then. So a process that dies between storing the file and starting the job leaves no file behind.
create function public.editai_announce_upload(p_project_id text, p_storage_path text) returns void
language sql volatile security invoker set search_path = '' set lock_timeout = '2s' set statement_timeout = '8s' as $$
  insert into public.editai_storage_garbage (project_id, prefix, not_before)
  values (p_project_id, p_storage_path, public.editai_clock() + interval '1 hour')
$$;
