-- An audit trail of every change to leases, jobs, progress and clips, written by the transaction that makes the change and
-- under the row lock that it holds: read by `seq`, a project's entries stand in the order of its commits.
-- Installed in the database of a fault run only.
create schema editai_audit;

create table editai_audit.entries (
  seq bigint generated always as identity primary key,
  txid xid8 not null default pg_catalog.pg_current_xact_id(),
  at timestamptz not null default pg_catalog.clock_timestamp(),
  -- The function that was called over HTTP, as PostgREST tells the transaction.
  path text default nullif(pg_catalog.current_setting('request.path', true), ''),
  project_id text not null,
  relation text not null,
  operation text not null,
  old jsonb,
  new jsonb
);

-- A slow database: a renewal commits this much later, with this probability.
create table editai_audit.slowness (probability double precision not null, seconds double precision not null);
insert into editai_audit.slowness values (0, 0);

create function editai_audit.record() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_old jsonb := case when tg_op <> 'INSERT' then to_jsonb(old) end;
  v_new jsonb := case when tg_op <> 'DELETE' then to_jsonb(new) end;
  v_slow editai_audit.slowness;
begin
  insert into editai_audit.entries (project_id, relation, operation, old, new)
  values (coalesce(v_new, v_old) ->> 'project_id', tg_table_name, tg_op, v_old, v_new);
  if tg_table_name = 'editai_locks' and tg_op = 'UPDATE'
    and v_old ->> 'fencing_token' = v_new ->> 'fencing_token' then
    select * into v_slow from editai_audit.slowness;
    if random() < v_slow.probability then
      perform pg_catalog.pg_sleep(v_slow.seconds);
    end if;
  end if;
  return null;
end
$$;

create trigger editai_audit after insert or update or delete on public.editai_locks
  for each row execute function editai_audit.record();
create trigger editai_audit after insert or update or delete on public.editai_jobs
  for each row execute function editai_audit.record();
create trigger editai_audit after insert or update or delete on public.editai_generation_progress
  for each row execute function editai_audit.record();
create trigger editai_audit after insert or update or delete on public.editai_clips
  for each row execute function editai_audit.record();
create trigger editai_audit after insert or update or delete on public.editai_exports
  for each row execute function editai_audit.record();
