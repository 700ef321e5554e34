-- Files that no row points at any more: an outbox. The transaction that makes files worthless adds a row, and
-- lease_cleanup deletes it after it has removed the files.
create table public.editai_storage_garbage (
  id bigint generated always as identity primary key,
  project_id text not null,
  -- Everything below the prefix is removed, except files that a row still points at.
  prefix text not null,
  -- Files are not removed at once: the worker of a cancelled job needs a moment to notice.
  not_before timestamptz not null,
  created_at timestamptz not null default public.editai_clock(),
  -- Only rows of this project say which files to keep, so the prefix must lie inside the project's folder. It must not
  -- be the whole folder either.
  constraint editai_storage_garbage_is_the_projects
    check (starts_with(prefix, project_id || '/') and prefix <> project_id || '/')
);

create index editai_storage_garbage_due on public.editai_storage_garbage (not_before);

alter table public.editai_storage_garbage enable row level security;
-- Only the service role uses garbage. Row level security does not bind it; the policy is there to tell readers.
create policy editai_service_only on public.editai_storage_garbage for all to service_role
  using (true) with check (true);
