-- Workers that get no further jobs, by the beginning of their holder's name: one process, all of a host or a revision, or,
-- with an empty text, all of them. claim_job reads it; operators write it.
create table public.editai_drains (
  holder text primary key,
  since timestamptz not null default public.editai_clock()
);

alter table public.editai_drains enable row level security;
create policy editai_service_only on public.editai_drains for all to service_role
  using (true) with check (true);
