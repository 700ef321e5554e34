-- The library's own writes: projects, sources, clips. Each takes the owner of the request and treats what is someone
-- else's as missing; a null owner stands for the service itself.

set lock_timeout = '5s';
set statement_timeout = '60s';

-- Creates a project. Raises 23505 when p_project_id is taken.
create function public.editai_create_project(p_owner_id uuid, p_name text, p_project_id text default null)
returns public.editai_projects
language sql volatile security invoker set search_path = '' set lock_timeout = '2s' set statement_timeout = '8s' as $$
  insert into public.editai_projects (id, owner_id, name)
  values (coalesce(p_project_id, pg_catalog.gen_random_uuid()::text), p_owner_id, p_name)
  returning *
$$;

-- Renames a project. Returns no row when there is no such project of the owner.
create function public.editai_update_project(p_project_id text, p_owner_id uuid, p_name text)
returns setof public.editai_projects
language sql volatile security invoker set search_path = '' set lock_timeout = '2s' set statement_timeout = '8s' as $$
  update public.editai_projects p set name = p_name, updated_at = public.editai_clock()
  where p.id = p_project_id and (p_owner_id is null or p.owner_id = p_owner_id)
  returning p.*
$$;

-- When to remove the file of a source that is deleted: at p_at, and once more when nothing can be uploaded any more. Its
-- upload_url lives two hours, the upload may take another, and nobody can take the URL back.
create function public.editai_removals(p_source public.editai_sources, p_at timestamptz) returns setof timestamptz
language sql immutable security invoker set search_path = '' as $$
  select p_at
  union all
  select p_source.created_at + interval '3 hours' where p_source.created_at + interval '3 hours' > p_at
$$;

-- Deletes a project with all its rows; its files become garbage. Outcomes: deleted; busy (job and lease: who holds it);
-- project_not_found.
create function public.editai_delete_project(
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
  select l.* into lease from public.editai_locks l where l.project_id = p_project_id for update;
  v_now := public.editai_clock();
  if lease.expires_at > v_now then
    select j.* into job from public.editai_jobs j where j.id = lease.job_id;
    outcome := 'busy';
    return;
  end if;
  -- File by file, and not all below the project's id: someone may create a project with the same id at once.
  insert into public.editai_storage_garbage (project_id, prefix, not_before)
  select p_project_id, s.storage_path, due.at
  from public.editai_sources s, public.editai_removals(s, v_now + interval '5 minutes') as due (at)
  where s.project_id = p_project_id
  union all
  select p_project_id, p_project_id || '/jobs/' || j.id || '/', due.at
  from public.editai_jobs j, public.editai_job_removals(j, v_now + interval '5 minutes') as due (at)
  where j.project_id = p_project_id;
  delete from public.editai_locks l where l.project_id = p_project_id;
  delete from public.editai_projects p where p.id = p_project_id;
  lease := null;
  outcome := 'deleted';
end
$$;

-- Records a source that is about to be uploaded straight to storage. Returns no row when there is no such project of the
-- owner. Waits for whoever deletes the project: a source that came in between would go without its file becoming garbage.
create function public.editai_create_source(
  p_project_id text,
  p_owner_id uuid,
  p_source_id uuid,
  p_file_name text,
  p_storage_path text,
  p_content_type text
) returns setof public.editai_sources
language sql volatile security invoker set search_path = '' set lock_timeout = '2s' set statement_timeout = '8s' as $$
  insert into public.editai_sources (id, project_id, file_name, storage_path, content_type)
  select p_source_id, p.id, p_file_name, p_storage_path, p_content_type
  from public.editai_projects p
  where p.id = p_project_id and (p_owner_id is null or p.owner_id = p_owner_id)
  for no key update of p
  returning *
$$;

-- Announces a file that the library is about to store with an upload: it becomes garbage in an hour, unless a row points at
-- it by then. So whoever dies between storing a file and starting its job leaves nothing.
create function public.editai_announce_upload(p_project_id text, p_storage_path text) returns void
language sql volatile security invoker set search_path = '' set lock_timeout = '2s' set statement_timeout = '8s' as $$
  insert into public.editai_storage_garbage (project_id, prefix, not_before)
  values (p_project_id, p_storage_path, public.editai_clock() + interval '1 hour')
$$;

-- Records what a probe found in an uploaded source, which makes it ready. Confirming again changes nothing.
-- Returns no row when there is no such source of the owner.
create function public.editai_confirm_source(p_source_id uuid, p_owner_id uuid, p_facts jsonb)
returns setof public.editai_sources
language plpgsql volatile security invoker set search_path = '' set lock_timeout = '2s' set statement_timeout = '8s' as $$
begin
  update public.editai_sources s set
    status = 'ready',
    content_type = coalesce(f.content_type, s.content_type),
    size_bytes = f.size_bytes,
    duration_seconds = f.duration_seconds,
    width = f.width,
    height = f.height,
    frame_rate = f.frame_rate,
    has_audio = f.has_audio
  from jsonb_populate_record(null::public.editai_sources, p_facts) f, public.editai_projects p
  where s.id = p_source_id and s.status = 'pending'
    and p.id = s.project_id and (p_owner_id is null or p.owner_id = p_owner_id);
  return query
  select s.* from public.editai_sources s join public.editai_projects p on p.id = s.project_id
  where s.id = p_source_id and (p_owner_id is null or p.owner_id = p_owner_id);
end
$$;

-- Deletes a source; its file becomes garbage. Clips made from it stay. Outcomes: deleted; busy (a job may be reading it);
-- source_not_found.
create function public.editai_delete_source(
  p_source_id uuid,
  p_owner_id uuid,
  out outcome text,
  out job public.editai_jobs,
  out lease public.editai_locks
)
language plpgsql volatile security invoker set search_path = '' set lock_timeout = '2s' set statement_timeout = '8s' as $$
declare
  v_source public.editai_sources;
  v_now timestamptz;
begin
  select s.* into v_source
  from public.editai_sources s join public.editai_projects p on p.id = s.project_id
  where s.id = p_source_id and (p_owner_id is null or p.owner_id = p_owner_id)
  for no key update of p;
  if not found then
    outcome := 'source_not_found';
    return;
  end if;
  select l.* into lease from public.editai_locks l where l.project_id = v_source.project_id for update;
  v_now := public.editai_clock();
  if lease.expires_at > v_now then
    select j.* into job from public.editai_jobs j where j.id = lease.job_id;
    outcome := 'busy';
    return;
  end if;
  lease := null;
  insert into public.editai_storage_garbage (project_id, prefix, not_before)
  select v_source.project_id, v_source.storage_path, due.at
  from public.editai_removals(v_source, v_now) as due (at);
  delete from public.editai_sources s where s.id = p_source_id;
  outcome := 'deleted';
end
$$;

-- One source of the owner's. Returns no row when there is no such source of the owner.
create function public.editai_get_source(p_source_id uuid, p_owner_id uuid) returns setof public.editai_sources
language sql stable security invoker set search_path = '' set statement_timeout = '8s' as $$
  select s.* from public.editai_sources s join public.editai_projects p on p.id = s.project_id
  where s.id = p_source_id and (p_owner_id is null or p.owner_id = p_owner_id)
$$;

-- Names a clip, or selects it for publishing; null leaves a value as it is. Returns no row when there is no such clip of
-- the owner.
create function public.editai_update_clip(
  p_clip_id uuid,
  p_owner_id uuid,
  p_variant_name text default null,
  p_is_selected boolean default null
) returns setof public.editai_clips
language sql volatile security invoker set search_path = '' set lock_timeout = '2s' set statement_timeout = '8s' as $$
  update public.editai_clips c set
    variant_name = coalesce(p_variant_name, c.variant_name),
    is_selected = coalesce(p_is_selected, c.is_selected),
    updated_at = public.editai_clock()
  from public.editai_projects p
  where c.id = p_clip_id and p.id = c.project_id and (p_owner_id is null or p.owner_id = p_owner_id)
  returning c.*
$$;

-- One page of an owner's projects, newest first. A page goes on after the last row of the one before.
-- In plpgsql, as are the lists below: it plans for the arguments given, so a filter that is null costs nothing.
create function public.editai_list_projects(
  p_owner_id uuid,
  p_limit integer,
  p_after_created_at timestamptz default null,
  p_after_id text default null
) returns setof public.editai_projects
language plpgsql stable security invoker set search_path = '' set statement_timeout = '8s' as $$
begin
  return query
  select p.* from public.editai_projects p
  where (p_owner_id is null or p.owner_id = p_owner_id)
    and (p_after_created_at is null or (p.created_at, p.id) < (p_after_created_at, p_after_id))
  order by p.created_at desc, p.id desc
  limit p_limit;
end
$$;

-- One page of an owner's sources of one project, newest first.
create function public.editai_list_sources(
  p_project_id text,
  p_owner_id uuid,
  p_limit integer,
  p_after_created_at timestamptz default null,
  p_after_id uuid default null
) returns setof public.editai_sources
language plpgsql stable security invoker set search_path = '' set statement_timeout = '8s' as $$
begin
  return query
  select s.* from public.editai_sources s join public.editai_projects p on p.id = s.project_id
  where s.project_id = p_project_id and (p_owner_id is null or p.owner_id = p_owner_id)
    and (p_after_created_at is null or (s.created_at, s.id) < (p_after_created_at, p_after_id))
  order by s.created_at desc, s.id desc
  limit p_limit;
end
$$;

-- One page of an owner's clips, of one project or (p_project_id null) of all, newest first; or the one with p_clip_id.
create function public.editai_list_clips(
  p_owner_id uuid,
  p_limit integer,
  p_project_id text default null,
  p_clip_id uuid default null,
  p_after_created_at timestamptz default null,
  p_after_id uuid default null
) returns setof public.editai_clips
language plpgsql stable security invoker set search_path = '' set statement_timeout = '8s' as $$
begin
  return query
  select c.* from public.editai_clips c join public.editai_projects p on p.id = c.project_id
  where (p_owner_id is null or p.owner_id = p_owner_id)
    and (p_project_id is null or c.project_id = p_project_id)
    and (p_clip_id is null or c.id = p_clip_id)
    and (p_after_created_at is null or (c.created_at, c.id) < (p_after_created_at, p_after_id))
  order by c.created_at desc, c.id desc
  limit p_limit;
end
$$;

-- One page of the exports of an owner's clip, newest first.
create function public.editai_list_exports(
  p_clip_id uuid,
  p_owner_id uuid,
  p_limit integer,
  p_after_created_at timestamptz default null,
  p_after_id uuid default null
) returns setof public.editai_exports
language sql stable security invoker set search_path = '' set statement_timeout = '8s' as $$
  select e.* from public.editai_exports e join public.editai_projects p on p.id = e.project_id
  where e.clip_id = p_clip_id and (p_owner_id is null or p.owner_id = p_owner_id)
    and (p_after_created_at is null or (e.created_at, e.id) < (p_after_created_at, p_after_id))
  order by e.created_at desc, e.id desc
  limit p_limit
$$;

call public.editai_restrict_functions();

notify pgrst, 'reload schema';
