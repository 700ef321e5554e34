-- Cleanup: what the scheduler triggers. Correctness never waits for it (an expired lease can be taken over by anyone);
-- it makes sure that a job whose worker died goes on, or ends, and that nothing is left lying around.

set lock_timeout = '5s';
set statement_timeout = '60s';

-- Reclaims at most p_limit expired leases, oldest first. Several may run at once: what another transaction holds is left
-- to it. Returns a row a lease, with its action:
--   requeued  the job has attempts left: queued again under a fresh dispatch lease, and to be handed over by the caller;
--             fencing_token is that lease's
--   failed    it has none, or its deadline has passed: job and project failed, lease removed; code is the job's error's
--   released  the lease had no job: removed
-- Where a lease was removed, fencing_token is that lease's.
-- An expired lease is judged only after its row is locked: a renewal that came in between has saved it.
-- The scan needs no index on expires_at; one would make every renewal a non-HOT update.
create function public.editai_cleanup_leases(p_limit integer, p_dispatch_ttl_seconds double precision)
returns table (project_id text, job_id uuid, fencing_token bigint, action text, code text)
language plpgsql volatile security invoker set search_path = '' set lock_timeout = '2s' set statement_timeout = '30s' as $$
declare
  v_started_at timestamptz := public.editai_clock();
  v_now timestamptz;
  v_lease public.editai_locks;
  v_job public.editai_jobs;
begin
  perform public.editai_ttl(p_dispatch_ttl_seconds);
  for project_id in
    select l.project_id from public.editai_locks l
    where l.expires_at <= v_started_at
    order by l.expires_at
    limit p_limit
  loop
    perform 1 from public.editai_projects p where p.id = project_id for no key update skip locked;
    -- A key that is no project's has no row to lock; a project's row that could not be locked is in use.
    continue when not found and exists (select 1 from public.editai_projects p where p.id = project_id);
    select l.* into v_lease from public.editai_locks l where l.project_id = editai_cleanup_leases.project_id
    for update skip locked;
    continue when not found;
    v_now := public.editai_clock();
    continue when v_lease.expires_at > v_now;

    job_id := v_lease.job_id;
    fencing_token := v_lease.fencing_token;
    code := null;
    select j.* into v_job from public.editai_jobs j
    where j.id = v_lease.job_id and j.status in ('queued', 'running') for update;
    if not found then
      delete from public.editai_locks l where l.project_id = v_lease.project_id;
      action := 'released';
    elsif v_job.attempt >= v_job.max_attempts or v_job.deadline_at <= v_now then
      perform public.editai_fail_exhausted_job(v_job);
      select j.error ->> 'code' into code from public.editai_jobs j where j.id = v_job.id;
      action := 'failed';
    else
      update public.editai_jobs j set status = 'queued' where j.id = v_job.id;
      fencing_token := (public.editai_grant_lease(
        v_lease.project_id, pg_catalog.gen_random_uuid(), 'dispatch', p_dispatch_ttl_seconds, v_job.id, v_job.deadline_at
      )).lease.fencing_token;
      action := 'requeued';
    end if;
    return next;
  end loop;
end
$$;

-- Gives up the files of an attempt that lost its lease: its worker calls this last, so that even what it stored after the
-- job's end is removed. Rows that point at its checkpoints keep them; not at once, because the write of such a row may
-- still be under way.
create function public.editai_discard_outputs(p_project_id text, p_job_id uuid, p_fencing_token bigint) returns void
language sql volatile security invoker set search_path = '' set lock_timeout = '2s' set statement_timeout = '8s' as $$
  insert into public.editai_storage_garbage (project_id, prefix, not_before)
  values (p_project_id, p_project_id || '/jobs/' || p_job_id || '/' || p_fencing_token || '/',
    public.editai_clock() + interval '5 minutes')
$$;

-- Files that may be removed from storage now: at most p_limit prefixes after the row p_after_id, each with the paths below
-- it that rows still point at. A prefix without a slash at its end is one file. No new row can point below a prefix that is
-- due: its job has ended, its source or project is gone.
create function public.editai_list_storage_garbage(p_limit integer, p_after_id bigint default 0)
returns table (id bigint, prefix text, keep_paths text[])
language sql volatile security invoker set search_path = '' set statement_timeout = '30s' as $$
  select g.id, g.prefix, array(
    select kept.path
    from (
      select s.storage_path from public.editai_sources s where s.project_id = g.project_id
      union all select c.storage_path from public.editai_clips c where c.project_id = g.project_id
      union all select c.thumbnail_path from public.editai_clips c where c.project_id = g.project_id
      union all select e.storage_path from public.editai_exports e where e.project_id = g.project_id
      union all select e.thumbnail_path from public.editai_exports e where e.project_id = g.project_id
    ) kept (path)
    where starts_with(kept.path, g.prefix)
  )
  from public.editai_storage_garbage g
  where g.id > p_after_id and g.not_before <= public.editai_clock()
  order by g.id
  limit p_limit
$$;

-- Forgets garbage whose files have been removed. Returns how many rows went.
create function public.editai_forget_storage_garbage(p_ids bigint[]) returns integer
language plpgsql volatile security invoker set search_path = '' set lock_timeout = '2s' set statement_timeout = '8s' as $$
declare
  v_count integer;
begin
  delete from public.editai_storage_garbage g where g.id = any (p_ids);
  get diagnostics v_count = row_count;
  return v_count;
end
$$;

-- Drops sources whose upload URL was never used: pending for longer than p_max_age_seconds, at most p_limit of them.
-- Returns how many. Whatever was uploaded to their paths becomes garbage.
create function public.editai_cleanup_uploads(p_limit integer, p_max_age_seconds double precision) returns integer
language plpgsql volatile security invoker set search_path = '' set lock_timeout = '2s' set statement_timeout = '30s' as $$
declare
  v_now timestamptz := public.editai_clock();
  v_count integer;
begin
  with stale as (
    delete from public.editai_sources s
    where s.id in (
      select x.id from public.editai_sources x
      where x.status = 'pending' and x.created_at <= v_now - make_interval(secs => p_max_age_seconds)
      limit p_limit
      for update skip locked)
    returning s.project_id, s.storage_path
  )
  insert into public.editai_storage_garbage (project_id, prefix, not_before)
  select stale.project_id, stale.storage_path, v_now from stale;
  get diagnostics v_count = row_count;
  return v_count;
end
$$;

call public.editai_restrict_functions();

notify pgrst, 'reload schema';
