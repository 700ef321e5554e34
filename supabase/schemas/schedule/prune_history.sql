-- Deletes pg_cron's records of our runs that ended more than a day ago; records of other commands stay. Scheduled each
-- hour.
-- A run is ours by its job's name, or by its command: the records of a replaced schedule have a jobid that no longer
-- exists.
-- A run that could not connect may have no time at all. Runs are numbered in the order of their starts, so it is older
-- than a day if a run with a higher number is.
-- A procedure, not a function: PostgREST does not offer it, and only its owner may call it.
create procedure public.editai_prune_history()
language plpgsql security invoker set search_path = '' as $$
declare
  v_before timestamptz := now() - interval '1 day';
begin
  delete from cron.job_run_details d
  where d.status in ('succeeded', 'failed')
    and (d.command in ('call public.editai_run_cleanup()', 'call public.editai_prune_history()')
      or d.jobid in (select j.jobid from cron.job j where j.jobname like 'editai\_%'))
    and case
      when coalesce(d.end_time, d.start_time) is null then d.runid < (
        select max(x.runid) from cron.job_run_details x where coalesce(x.end_time, x.start_time) < v_before)
      else coalesce(d.end_time, d.start_time) < v_before
    end;
end
$$;
