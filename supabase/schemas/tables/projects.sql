-- A user's project: the unit that a lease holds.
-- The owner is the `sub` of a token, without a foreign key to auth.users: tokens may come from another issuer.
create table public.editai_projects (
  id text primary key default pg_catalog.gen_random_uuid()::text
    constraint editai_projects_id_is_a_path_segment check (id ~ '^[A-Za-z0-9_-]{1,64}$'),
  owner_id uuid not null,
  name text not null
    constraint editai_projects_name_is_a_name check (public.editai_is_name(name)),
  -- created -> generating | rendering -> ready_for_triage | failed. A cancelled job leaves ready_for_triage if the
  -- project has clips, otherwise created.
  status text not null default 'created'
    constraint editai_projects_status_is_known
    check (status in ('created', 'generating', 'rendering', 'ready_for_triage', 'failed')),
  created_at timestamptz not null default public.editai_clock(),
  updated_at timestamptz not null default public.editai_clock(),
  -- The order of creation; see row_numbers.sql.
  row_number bigint not null default nextval('public.editai_row_numbers')
);

-- For lists of one owner's projects, newest first, page by page.
create index editai_projects_newest on public.editai_projects (owner_id, row_number desc, created_at desc, id desc);
-- For counting an owner's active jobs, however many projects the owner has.
create index editai_projects_at_work_by_owner on public.editai_projects (owner_id)
  where status in ('generating', 'rendering');

alter table public.editai_projects enable row level security;
-- The policies of the other tables collect the ids of the user's projects once a query, and find the rows by an index on
-- project_id: a user's query does not read the rows of other users.
-- `(select auth.uid())` is evaluated once a query, not once a row.
-- The last condition of each policy is always true: no element of an empty array differs. The planner does not know the array and
-- assumes ten elements that all have to be equal, so it expects one row from any query of a user. Its estimates are visible
-- (Prefer: count=planned), and would otherwise tell how many rows other users have of a named project or file: Postgres
-- applies its statistics to all rows, whoever may see them. `|| ''` and the cast make an expression of the column, for which
-- there are no statistics. Which index is used does not depend on it.
create policy editai_owner_reads on public.editai_projects for select to authenticated
  using (owner_id = (select auth.uid()) and owner_id::text = all ((select '{}'::text[])::text[]));
