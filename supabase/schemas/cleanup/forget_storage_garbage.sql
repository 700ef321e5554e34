-- Deletes garbage rows after their files have been removed. Called by the function lease_cleanup. Returns the number of
-- rows.
create function public.editai_forget_storage_garbage(p_ids bigint[]) returns integer
language plpgsql volatile security invoker set search_path = '' set lock_timeout = '2s' set statement_timeout = '2.3s' as $$
declare
  v_count integer;
begin
  delete from public.editai_storage_garbage g where g.id = any (p_ids);
  get diagnostics v_count = row_count;
  return v_count;
end
$$;
