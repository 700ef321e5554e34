-- The progress of a project's job: one row a project, written about once a second while a job runs; see locks.sql for
-- why there is no other index and why half of each page stays free.
-- A lease may be of another key than a project's, hence no foreign key. The progress of such a key lasts as long as its
-- lease; that of a project is deleted with it, see forget_progress.sql.
create table public.editai_generation_progress (
  project_id text primary key,
  percentage integer not null default 0
    constraint editai_generation_progress_is_a_percentage check (percentage between 0 and 100),
  current_step text not null default '',
  -- Seconds; null until it is known.
  estimated_remaining integer
    constraint editai_generation_progress_remaining_is_positive check (estimated_remaining >= 0),
  updated_at timestamptz not null default now(),
  -- The attempt that wrote the row: within one attempt the percentage never goes down.
  fencing_token bigint,
  -- The progress of the job with its recorded clips, where its next attempt begins.
  checkpoint_percentage integer not null default 0
    constraint editai_generation_progress_checkpoint_is_a_percentage check (checkpoint_percentage between 0 and 100),
  -- When the percentage or the step last changed. A heartbeat repeats them, so updated_at tells only that the worker is alive.
  changed_at timestamptz
) with (fillfactor = 50);

alter table public.editai_generation_progress enable row level security;
create policy editai_owner_reads on public.editai_generation_progress for select to authenticated
  using (
    project_id = any (array(select p.id from public.editai_projects p where p.owner_id = (select auth.uid())))
    and (project_id || '') = all ((select '{}'::text[])::text[])
  );
