-- Clips and exports stay when the row of their job is removed, so that cleanup can remove old jobs; a clip and an export
-- can be deleted by themselves. Queries of users and of cleanup no longer read the rows of other users.
-- Written by `make migration` from supabase/schemas, which says of each object what it is for.
-- Checksum of what follows, which shows changes by hand: 89661c6890d5273e

set lock_timeout = '5s';
set statement_timeout = '60s';

set local check_function_bodies = off;

drop policy editai_owner_reads on public.editai_clips;

drop policy editai_owner_reads on public.editai_exports;

drop policy editai_owner_reads on public.editai_generation_progress;

drop policy editai_owner_reads on public.editai_jobs;

drop policy editai_owner_reads on public.editai_locks;

drop policy editai_owner_reads on public.editai_sources;

-- Running code needs no foreign key, and no query waits long: dropping one reads no rows.
alter table public.editai_clips
  -- squawk-ignore ban-drop-constraint
  drop constraint editai_clips_job_id_fkey;

alter table public.editai_exports
  -- squawk-ignore ban-drop-constraint
  drop constraint editai_exports_job_id_fkey;

-- A new signature: with `create or replace` there would be two functions that a call fits.
-- squawk-ignore ban-drop-function
drop function public.editai_list_storage_garbage(integer, bigint);

-- Deletes at most p_limit jobs that ended more than p_max_age_seconds ago, the longest ended first. Called by the function
-- lease_cleanup and by editai_run_cleanup.
-- A job's clips and exports stay, with their files and their job_id, which then names no row. So does the project's
-- progress; it no longer tells which job it was of.
-- Returns the number of jobs. A job that another transaction has locked is skipped. One that raises an error stays, with a
-- warning in Postgres's log; each has a subtransaction of its own, as in editai_cleanup_leases.
create function public.editai_cleanup_jobs(p_limit integer, p_max_age_seconds double precision) returns integer
language plpgsql volatile security invoker set search_path = '' set lock_timeout = '100ms' set statement_timeout = '30s'
-- A plan for any time would expect much to be due, and read the whole table.
set plan_cache_mode = force_custom_plan as $$
declare
  v_before timestamptz := public.editai_clock() - make_interval(secs => p_max_age_seconds);
  v_job_id uuid;
  v_count integer := 0;
begin
  for v_job_id in
    select j.id from public.editai_jobs j where j.finished_at <= v_before order by j.finished_at for update skip locked
  loop
    exit when v_count >= p_limit;
    begin
      delete from public.editai_jobs j where j.id = v_job_id;
      v_count := v_count + 1;
    exception when lock_not_available then
      continue;
    when others then
      raise warning 'cleanup leaves job % as it is: %', v_job_id, sqlerrm;
    end;
  end loop;
  return v_count;
end
$$;

-- Puts right at most p_limit projects and other keys whose lease or queued job is due, the longest due first. Called by the
-- function lease_cleanup, and by pg_cron through editai_run_cleanup. Concurrent calls share the work.
-- A running job is due when its lease has expired or is gone. A queued job is due when it was last dispatched
-- p_dispatch_ttl_seconds ago, or is past its deadline; the end of its dispatch lease does not matter. A lease without an
-- active job is due when it has expired.
-- Returns a row for each, with its action:
--   requeued  the job has attempts left: it is queued again under a new dispatch lease, and the caller has to dispatch it;
--             fencing_token is that of the new lease
--   failed    the job has no attempt left, or its deadline has passed: job and project failed, lease deleted; code is the
--             code of the job's error
--   released  the lease had no active job: deleted
--   faulty    it raised an error, which code tells (a SQLSTATE), and is as before; such rows do not count for p_limit
-- For a deleted lease, fencing_token is its own; it is null if the lease was gone.
-- No row can hold up the others. Each has a subtransaction of its own, so an error in one undoes only that one. Rows that
-- another transaction has locked are skipped; for a lock that `skip locked` does not cover, such as a table's, it waits only
-- briefly before it skips the row. A caller that asks for more than 64 makes the server keep track of subtransactions on disk, which is slower.
-- Queued jobs that are due are found by an index. For the rest it reads the leases and the running jobs, of which there are
-- no more than workers: an index on expires_at would make every renewal a non-HOT update.
-- Raises 22023 for a bad time to live.
create or replace function public.editai_cleanup_leases(p_limit integer, p_dispatch_ttl_seconds double precision)
returns table (project_id text, job_id uuid, fencing_token bigint, action text, code text)
language plpgsql volatile security invoker set search_path = '' set lock_timeout = '100ms' set statement_timeout = '30s'
set plan_cache_mode = force_custom_plan as $$
declare
  v_started_at timestamptz := public.editai_clock();
  v_done integer := 0;
begin
  perform public.editai_ttl(p_dispatch_ttl_seconds);
  for project_id in
    select due.project_id
    from (
      select j.project_id, least(coalesce(j.dispatch_due_at, '-infinity'::timestamptz), j.deadline_at)
      from public.editai_jobs j
      where j.status = 'queued' and least(coalesce(j.dispatch_due_at, '-infinity'::timestamptz), j.deadline_at) <= v_started_at
      union all
      select l.project_id, l.expires_at
      from public.editai_locks l
      where l.expires_at <= v_started_at and not exists (
        select 1 from public.editai_jobs j where j.project_id = l.project_id and j.status = 'queued')
      union all
      select j.project_id, '-infinity'
      from public.editai_jobs j
      where j.status = 'running' and not exists (select 1 from public.editai_locks l where l.project_id = j.project_id)
    ) due (project_id, at)
    order by due.at
  loop
    exit when v_done >= p_limit;
    begin
      select r.job_id, r.fencing_token, r.action, r.code into job_id, fencing_token, action, code
      from public.editai_reclaim_lease(project_id, p_dispatch_ttl_seconds) r;
      continue when action is null;
      v_done := v_done + 1;
    exception when lock_not_available then
      continue;
    when others then
      job_id := null;
      fencing_token := null;
      action := 'faulty';
      code := sqlstate;
      raise warning 'cleanup leaves % as it is: %', project_id, sqlerrm;
    end;
    return next;
  end loop;
end
$$;

-- Deletes at most p_limit sources that have been pending for longer than p_max_age_seconds, the oldest first: their upload
-- URL was never used.
-- Files that were uploaded to their paths become garbage. Called by the function lease_cleanup and by
-- editai_run_cleanup.
-- Returns the number of sources. A source that another transaction has locked is skipped. One that raises an error stays,
-- with a warning in Postgres's log; each has a subtransaction of its own, as in editai_cleanup_leases.
create or replace function public.editai_cleanup_uploads(p_limit integer, p_max_age_seconds double precision) returns integer
language plpgsql volatile security invoker set search_path = '' set lock_timeout = '100ms' set statement_timeout = '30s'
-- A plan for any time would expect much to be due, and read the whole table.
set plan_cache_mode = force_custom_plan as $$
declare
  v_now timestamptz := public.editai_clock();
  v_source record;
  v_count integer := 0;
begin
  for v_source in
    select s.id, s.project_id, s.storage_path from public.editai_sources s
    where s.status = 'pending' and s.created_at <= v_now - make_interval(secs => p_max_age_seconds)
    order by s.created_at for update skip locked
  loop
    exit when v_count >= p_limit;
    begin
      delete from public.editai_sources s where s.id = v_source.id;
      insert into public.editai_storage_garbage (project_id, prefix, not_before)
      values (v_source.project_id, v_source.storage_path, v_now);
      v_count := v_count + 1;
    exception when lock_not_available then
      continue;
    when others then
      raise warning 'cleanup leaves source % as it is: %', v_source.id, sqlerrm;
    end;
  end loop;
  return v_count;
end
$$;

-- Deletes a clip with its exports; their files become garbage.
-- Outcomes: deleted; busy (a job holds the project, and may be rendering the clip; job and lease tell which);
-- clip_not_found.
create function public.editai_delete_clip(
  p_clip_id uuid,
  p_owner_id uuid,
  out outcome text,
  out job public.editai_jobs,
  out lease public.editai_locks
)
language plpgsql volatile security invoker set search_path = '' set lock_timeout = '2s' set statement_timeout = '8s' as $$
declare
  v_clip public.editai_clips;
  v_now timestamptz;
begin
  select c.* into v_clip
  from public.editai_clips c join public.editai_projects p on p.id = c.project_id
  where c.id = p_clip_id and (p_owner_id is null or p.owner_id = p_owner_id)
  for no key update of p;
  if not found then
    outcome := 'clip_not_found';
    return;
  end if;
  perform 1 from public.editai_locks l where l.project_id = v_clip.project_id for update;
  v_now := public.editai_clock();
  select * into lease from public.editai_current_lease(v_clip.project_id);
  if lease.project_id is not null then
    select j.* into job from public.editai_jobs j where j.id = lease.job_id;
    outcome := 'busy';
    return;
  end if;
  insert into public.editai_storage_garbage (project_id, prefix, not_before)
  select e.project_id, file.path, v_now
  from public.editai_exports e, lateral (values (e.storage_path), (e.thumbnail_path)) file (path)
  where e.clip_id = p_clip_id;
  delete from public.editai_clips c where c.id = p_clip_id;
  if not found then  -- another call has deleted it while this one waited for the project
    outcome := 'clip_not_found';
    return;
  end if;
  insert into public.editai_storage_garbage (project_id, prefix, not_before)
  values (v_clip.project_id, v_clip.storage_path, v_now), (v_clip.project_id, v_clip.thumbnail_path, v_now);
  outcome := 'deleted';
end
$$;

-- Deletes an export; its files become garbage. No job reads an export, so a job that holds the project does not matter.
-- Outcomes: deleted; export_not_found.
create function public.editai_delete_export(p_export_id uuid, p_owner_id uuid) returns text
language plpgsql volatile security invoker set search_path = '' set lock_timeout = '2s' set statement_timeout = '8s' as $$
declare
  v_export public.editai_exports;
begin
  delete from public.editai_exports e using public.editai_projects p
  where e.id = p_export_id and p.id = e.project_id and (p_owner_id is null or p.owner_id = p_owner_id)
  returning e.* into v_export;
  if not found then
    return 'export_not_found';
  end if;
  insert into public.editai_storage_garbage (project_id, prefix, not_before)
  select v_export.project_id, file.path, public.editai_clock()
  from (values (v_export.storage_path), (v_export.thumbnail_path)) file (path);
  return 'deleted';
end
$$;

-- Deletes a project with all its rows; its files become garbage.
-- Outcomes: deleted; busy (job and lease tell who holds the project); project_not_found.
create or replace function public.editai_delete_project(
  p_project_id text,
  p_owner_id uuid,
  out outcome text,
  out job public.editai_jobs,
  out lease public.editai_locks
)
language plpgsql volatile security invoker set search_path = '' set lock_timeout = '2s' set statement_timeout = '8s' as $$
declare
  v_now timestamptz;
begin
  perform 1 from public.editai_projects p
  where p.id = p_project_id and (p_owner_id is null or p.owner_id = p_owner_id) for no key update;
  if not found then
    outcome := 'project_not_found';
    return;
  end if;
  perform 1 from public.editai_locks l where l.project_id = p_project_id for update;
  v_now := public.editai_clock();
  select * into lease from public.editai_current_lease(p_project_id);
  if lease.project_id is not null then
    select j.* into job from public.editai_jobs j where j.id = lease.job_id;
    outcome := 'busy';
    return;
  end if;
  -- By source and by job, not by the project's whole folder: a new project may get the same id at once.
  insert into public.editai_storage_garbage (project_id, prefix, not_before)
  select p_project_id, s.storage_path, due.at
  from public.editai_sources s, public.editai_source_removal_times(s, v_now + interval '5 minutes') as due (at)
  where s.project_id = p_project_id
  union all
  select p_project_id, p_project_id || '/jobs/' || j.id || '/', due.at
  from public.editai_jobs j, public.editai_job_removal_times(j, v_now + interval '5 minutes') as due (at)
  where j.project_id = p_project_id
  union all
  -- The job of a clip or an export may have been removed.
  select p_project_id, p_project_id || '/jobs/' || made.job_id || '/', v_now + interval '5 minutes'
  from (
    select c.job_id from public.editai_clips c where c.project_id = p_project_id
    union
    select e.job_id from public.editai_exports e where e.project_id = p_project_id
  ) made
  where not exists (select 1 from public.editai_jobs j where j.id = made.job_id);
  delete from public.editai_locks l where l.project_id = p_project_id;
  delete from public.editai_projects p where p.id = p_project_id;
  outcome := 'deleted';
end
$$;

-- Removes the idempotency keys of at most p_limit jobs that ended more than p_max_age_seconds ago. A request with such a key
-- starts a new job. Called by the function lease_cleanup and by editai_run_cleanup.
-- Returns the number of keys. A job that another transaction has locked is skipped.
create function public.editai_expire_idempotency_keys(p_limit integer, p_max_age_seconds double precision) returns integer
language plpgsql volatile security invoker set search_path = '' set lock_timeout = '100ms' set statement_timeout = '30s'
-- A plan for any time would expect much to be due, and read the whole table.
set plan_cache_mode = force_custom_plan as $$
declare
  v_before timestamptz := public.editai_clock() - make_interval(secs => p_max_age_seconds);
  v_count integer;
begin
  update public.editai_jobs j set idempotency_key = null, request_hash = null
  where j.id in (
    select x.id from public.editai_jobs x
    where x.finished_at <= v_before and x.idempotency_key is not null
    order by x.finished_at limit p_limit for update skip locked
  );
  get diagnostics v_count = row_count;
  return v_count;
end
$$;

-- Returns one page of an owner's clips, newest first: of one project, of all projects (p_project_id is null), or only
-- the clip p_clip_id.
-- A page starts after the last row of the page before, given by its row_number, created_at and id. Without
-- p_after_row_number, as in cursors from before it existed, the number is that of the row p_after_id.
-- The list of a project is read in the order of an index. That of an owner takes the newest clips of each of the owner's
-- projects, so the clips of others cost it nothing.
create or replace function public.editai_list_clips(
  p_owner_id uuid,
  p_limit integer,
  p_project_id text default null,
  p_clip_id uuid default null,
  p_after_created_at timestamptz default null,
  p_after_id uuid default null,
  p_after_row_number bigint default null
) returns setof public.editai_clips
language plpgsql stable security invoker set search_path = '' set statement_timeout = '8s'
set plan_cache_mode = force_custom_plan as $$
declare
  v_after_row_number bigint := coalesce(
    p_after_row_number, (select x.row_number from public.editai_clips x where x.id = p_after_id), 0);
begin
  if p_owner_id is not null and p_project_id is null and p_clip_id is null then
    return query
    select c.*
    from public.editai_projects p, lateral (
      select x.* from public.editai_clips x
      where x.project_id = p.id
        and (p_after_created_at is null
          or (x.row_number, x.created_at, x.id) < (v_after_row_number, p_after_created_at, p_after_id))
      order by x.row_number desc, x.created_at desc, x.id desc
      limit p_limit
    ) c
    where p.owner_id = p_owner_id
    order by c.row_number desc, c.created_at desc, c.id desc
    limit p_limit;
    return;
  end if;
  return query
  select c.* from public.editai_clips c join public.editai_projects p on p.id = c.project_id
  where (p_owner_id is null or p.owner_id = p_owner_id)
    and (p_project_id is null or c.project_id = p_project_id)
    and (p_clip_id is null or c.id = p_clip_id)
    and (p_after_created_at is null
      or (c.row_number, c.created_at, c.id) < (v_after_row_number, p_after_created_at, p_after_id))
  order by c.row_number desc, c.created_at desc, c.id desc
  limit p_limit;
end
$$;

-- Lists garbage that may be removed from storage now: at most p_limit prefixes after the row p_after_id, each with the
-- paths below it that rows still point at. A prefix without a slash at its end is a single file. Called by the function
-- lease_cleanup. No new row can point below a prefix that is due: its job has ended, or its source, clip, export or
-- project is deleted.
-- A prefix almost always lies in the folder of one job, or is the path of one source. Then the job's rows, or a range of
-- the index of paths, are all that is read, however large the project is.
create function public.editai_list_storage_garbage(p_limit integer, p_after_id bigint default 0)
returns table (id bigint, prefix text, keep_paths text[])
language plpgsql volatile security invoker set search_path = '' set statement_timeout = '30s'
set plan_cache_mode = force_custom_plan as $$
declare
  v_now timestamptz := public.editai_clock();
begin
  return query
  select g.id, g.prefix, array(
    select s.storage_path from public.editai_sources s
    where s.storage_path collate "C" >= g.prefix and s.storage_path collate "C" < g.prefix || chr(1114111)
    union all
    select kept.path
    from (
      select c.storage_path, c.thumbnail_path from public.editai_clips c where c.job_id = folder.job_id
      union all
      select e.storage_path, e.thumbnail_path from public.editai_exports e where e.job_id = folder.job_id
      union all
      select c.storage_path, c.thumbnail_path from public.editai_clips c
      where folder.job_id is null and c.project_id = g.project_id
      union all
      select e.storage_path, e.thumbnail_path from public.editai_exports e
      where folder.job_id is null and e.project_id = g.project_id
    ) files, lateral (values (files.storage_path), (files.thumbnail_path)) kept (path)
    where starts_with(kept.path, g.prefix)
  )
  from public.editai_storage_garbage g,
    -- The job in whose folder the prefix lies. One in the folder of sources lies in that of no job: the zero id stands for
    -- it. Null: any other prefix, below which the files of several jobs may lie.
    lateral (select case
      when g.prefix ~ '^[^/]+/jobs/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/' then split_part(g.prefix, '/', 3)::uuid
      when split_part(g.prefix, '/', 2) = 'sources' then '00000000-0000-0000-0000-000000000000'::uuid
    end) folder (job_id)
  where g.id > p_after_id and g.not_before <= v_now
  order by g.id
  limit p_limit;
end
$$;

-- Returns the version of the newest migration, 14 digits. Called by the library's readyz, to compare with
-- SCHEMA_VERSION.
-- `make migration` writes the same version here, in shared/database/schema_version.py and in the new file's name.
create or replace function public.editai_schema_version()
returns text
language sql immutable security invoker set search_path = '' as $$
  select '20261129172744'
$$;

-- Cleans up from inside the database. Scheduled each minute by editai_schedule_cleanup, where pg_cron is available; for
-- deployments without a scheduler of their own.
--
--   pg_cron -> editai_run_cleanup -> editai_cleanup_leases -> pg_net -> worker
--
-- It reclaims expired leases and dispatches requeued jobs, as the function lease_cleanup does, and may run beside it:
-- each requeued job is dispatched by the one that requeued it. Files are left to lease_cleanup.
-- Jobs are dispatched through pg_net, if Vault holds two secrets:
--   select vault.create_secret('https://worker.example/', 'editai_worker_url');
--   select vault.create_secret('<INTERNAL_SECRET of the functions>', 'editai_internal_secret');
-- Otherwise a job is requeued under a lease that has already expired: the next lease_cleanup, or a late delivery, then
-- takes the job at once instead of waiting for a dispatch that does not come.
-- Ended jobs are kept for 90 days and idempotency keys for 7, unless Vault holds other numbers. Set those of the settings
-- JOB_RETENTION_DAYS and IDEMPOTENCY_KEY_DAYS of lease_cleanup, if they differ from its defaults:
--   select vault.create_secret('365', 'editai_job_retention_days');
--   select vault.create_secret('30', 'editai_idempotency_key_days');
-- A step or a dispatch that raises an error does not stop the rest; a warning in Postgres's log tells of it.
-- A procedure, not a function: PostgREST does not offer it, and only its owner may call it.
create or replace procedure public.editai_run_cleanup()
language plpgsql security invoker set search_path = '' set lock_timeout = '2s' as $$
declare
  v_worker_url text;
  v_secret text;
  v_can_dispatch boolean;
  v_job_days text;
  v_key_days text;
  v_row record;
begin
  if pg_catalog.to_regclass('vault.decrypted_secrets') is not null then
    select
      max(s.decrypted_secret) filter (where s.name = 'editai_worker_url'),
      max(s.decrypted_secret) filter (where s.name = 'editai_internal_secret'),
      max(s.decrypted_secret) filter (where s.name = 'editai_job_retention_days'),
      max(s.decrypted_secret) filter (where s.name = 'editai_idempotency_key_days')
    into v_worker_url, v_secret, v_job_days, v_key_days
    from vault.decrypted_secrets s
    where s.name in (
      'editai_worker_url', 'editai_internal_secret', 'editai_job_retention_days', 'editai_idempotency_key_days');
  end if;
  v_can_dispatch := v_worker_url is not null and v_secret is not null
    and pg_catalog.to_regprocedure('net.http_post(text, jsonb, jsonb, jsonb, integer)') is not null;

  begin
    for v_row in
      select c.job_id, c.action
      from public.editai_cleanup_leases(50, case when v_can_dispatch then 30 else 0.001 end) c
    loop
      continue when not v_can_dispatch or v_row.action <> 'requeued';
      begin
        -- pg_net sends this after the commit, so the worker finds the job queued.
        perform net.http_post(
          url := v_worker_url,
          body := jsonb_build_object('job_id', v_row.job_id),
          headers := jsonb_build_object(
            'Content-Type', 'application/json',
            'Authorization', 'Bearer ' || v_secret,
            'Prefer', 'respond-async'),
          timeout_milliseconds := 5000);
      exception when others then
        raise warning 'job % was not dispatched: %', v_row.job_id, sqlerrm;
      end;
    end loop;
  exception when others then
    raise warning 'cleanup of leases failed: %', sqlerrm;
  end;
  begin
    perform public.editai_cleanup_uploads(50, 86400);
  exception when others then
    raise warning 'cleanup of uploads failed: %', sqlerrm;
  end;
  begin
    perform public.editai_cleanup_jobs(50, 86400 * coalesce(v_job_days::double precision, 90));
  exception when others then
    raise warning 'cleanup of jobs failed: %', sqlerrm;
  end;
  begin
    perform public.editai_expire_idempotency_keys(50, 86400 * coalesce(v_key_days::double precision, 7));
  exception when others then
    raise warning 'cleanup of idempotency keys failed: %', sqlerrm;
  end;
end
$$;

create policy editai_owner_reads on public.editai_clips
  for select
  to authenticated
  using ((project_id = any (array( select p.id
   from public.editai_projects p
  where (p.owner_id = ( select auth.uid() as uid))))));

create policy editai_owner_reads on public.editai_exports
  for select
  to authenticated
  using ((project_id = any (array( select p.id
   from public.editai_projects p
  where (p.owner_id = ( select auth.uid() as uid))))));

create policy editai_owner_reads on public.editai_generation_progress
  for select
  to authenticated
  using ((project_id = any (array( select p.id
   from public.editai_projects p
  where (p.owner_id = ( select auth.uid() as uid))))));

create policy editai_owner_reads on public.editai_jobs
  for select
  to authenticated
  using ((project_id = any (array( select p.id
   from public.editai_projects p
  where (p.owner_id = ( select auth.uid() as uid))))));

create policy editai_owner_reads on public.editai_locks
  for select
  to authenticated
  using ((project_id = any (array( select p.id
   from public.editai_projects p
  where (p.owner_id = ( select auth.uid() as uid))))));

create policy editai_owner_reads on public.editai_sources
  for select
  to authenticated
  using ((project_id = any (array( select p.id
   from public.editai_projects p
  where (p.owner_id = ( select auth.uid() as uid))))));

-- Who may do what with tables and sequences; functions are restricted by restrict_functions.sql.
-- Supabase grants everything in schema public to all API roles by default, so everything is revoked first.
revoke all on
  public.editai_projects, public.editai_sources, public.editai_jobs, public.editai_clips, public.editai_export_presets,
  public.editai_exports, public.editai_locks, public.editai_generation_progress, public.editai_storage_garbage
  from public, anon, authenticated, service_role;
revoke all on sequence
  public.editai_fencing_tokens, public.editai_row_numbers, public.editai_storage_garbage_id_seq
  from public, anon, authenticated, service_role;

-- Users read their own rows, which the policies select, so that supabase-js and Realtime work. anon reads nothing.
grant select on
  public.editai_projects, public.editai_sources, public.editai_jobs, public.editai_clips, public.editai_export_presets,
  public.editai_exports, public.editai_generation_progress
  to authenticated;
-- Users see who holds a project and until when, but not lease_id: it is half of what proves that a caller holds the
-- lease.
grant select (project_id, holder, fencing_token, job_id, acquired_at, expires_at, deadline_at, stalled_at)
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
grant select on public.editai_export_presets to service_role;
grant usage on sequence
  public.editai_fencing_tokens, public.editai_row_numbers, public.editai_storage_garbage_id_seq
  to service_role;

call public.editai_restrict_functions();

notify pgrst, 'reload schema';
