"""Changes that would make two databases differ, one for each kind of thing that a migration can change."""

from collections.abc import Mapping

RENEW = "public.editai_renew_lease(text,uuid,bigint,double precision)"
TTL = "public.editai_ttl(double precision)"
POLICY = "editai_owner_reads on public.editai_jobs"

FAULTS: Mapping[str, tuple[str, str, str]] = {
    "a function's body": (
        ("create or replace function public.editai_clock() returns timestamptz"
        " language sql volatile set search_path = '' as 'select now()'"),
        "function public.editai_clock()",
        "definition is",
    ),
    "a parameter's default": (
        ("create or replace function public.editai_discard_outputs(p_project_id text, p_job_id uuid,"
        " p_fencing_token bigint default 1) returns void language sql as ''"),
        "function public.editai_discard_outputs(text,uuid,bigint)",
        "definition is",
    ),
    "a signature": (
        "create function public.editai_clock(p_zone text) returns text language sql as 'select p_zone'",
        "function public.editai_clock(text)",
        "is missing",
    ),
    "a function that is not there": (f"drop function {TTL}", f"function {TTL}", "should not be there"),
    "volatility": (f"alter function {TTL} stable", f"function {TTL}", "definition is"),
    "security": (f"alter function {TTL} security definer", f"function {TTL}", "definition is"),
    "search_path": (f"alter function {TTL} reset search_path", f"function {TTL}", "definition is"),
    "a function's time limit": (
        f"alter function {RENEW} set lock_timeout = '3s'",
        f"function {RENEW}",
        'definition is " SET lock_timeout TO \'2s\'", not " SET lock_timeout TO \'3s\'"',
    ),
    "an owner": (
        f"alter function {TTL} owner to supabase_admin",
        f"function {TTL}",
        'owner is "postgres", not "supabase_admin"',
    ),
    "a function's grants": (
        f"grant execute on function {TTL} to anon",
        f"function {TTL}",
        'grants is ["service_role EXECUTE"], not ["anon EXECUTE", "service_role EXECUTE"]',
    ),
    "a function's comment": (
        f"comment on function {TTL} is 'x'",
        f"function {TTL}",
        'comment is null, not "x"',
    ),
    "a procedure": (
        "alter procedure public.editai_run_cleanup() reset all",
        "procedure public.editai_run_cleanup()",
        "definition is",
    ),
    "a table": ("create table public.newcomer ()", "table public.newcomer", "is missing"),
    "a table's fillfactor": (
        "alter table public.editai_locks set (fillfactor = 60)",
        "table public.editai_locks",
        'storage parameters is ["fillfactor=50"], not ["fillfactor=60"]',
    ),
    "row level security": (
        "alter table public.editai_jobs disable row level security",
        "table public.editai_jobs",
        "row level security is true, not false",
    ),
    "forced row level security": (
        "alter table public.editai_jobs force row level security",
        "table public.editai_jobs",
        "forced is false, not true",
    ),
    "a replica identity": (
        "alter table public.editai_jobs replica identity full",
        "table public.editai_jobs",
        'replica identity is "d", not "f"',
    ),
    "a table's grants": (
        "grant update on public.editai_exports to service_role",
        "table public.editai_exports",
        "grants is",
    ),
    "a table's comment": (
        "comment on table public.editai_jobs is 'x'",
        "table public.editai_jobs",
        'comment is null, not "x"',
    ),
    "a column": (
        "alter table public.editai_jobs add zz_example integer",
        "column public.editai_jobs.zz_example",
        "is missing",
    ),
    "a column's type": (
        "alter table public.editai_jobs alter first_variant_number type bigint",
        "column public.editai_jobs.first_variant_number",
        'type is "integer", not "bigint"',
    ),
    "a column's default": (
        "alter table public.editai_jobs alter attempt set default 1",
        "column public.editai_jobs.attempt",
        'default is "0", not "1"',
    ),
    "whether a column may be null": (
        "alter table public.editai_jobs alter params drop not null",
        "column public.editai_jobs.params",
        "not null is true, not false",
    ),
    "a column's statistics": (
        "alter table public.editai_jobs alter status set statistics 500",
        "column public.editai_jobs.status",
        "statistics is null, not 500",
    ),
    "a column's place": (
        "alter table public.editai_export_presets drop label, add label text not null default ''",
        "column public.editai_export_presets.label",
        "position is 2, not ",
    ),
    "a column's grants": (
        "grant select (lease_id) on public.editai_locks to authenticated",
        "column public.editai_locks.lease_id",
        'grants is null, not ["authenticated SELECT"]',
    ),
    "a column's comment": (
        "comment on column public.editai_jobs.kind is 'x'",
        "column public.editai_jobs.kind",
        'comment is null, not "x"',
    ),
    "a constraint": (
        "alter table public.editai_jobs drop constraint editai_jobs_kind_is_a_name",
        "constraint editai_jobs_kind_is_a_name of public.editai_jobs",
        "should not be there",
    ),
    "a constraint that is not validated": (
        ("alter table public.editai_jobs drop constraint editai_jobs_kind_is_a_name, add constraint"
        " editai_jobs_kind_is_a_name check (kind ~ '^[a-z][a-z0-9_]{0,62}$') not valid"),
        "constraint editai_jobs_kind_is_a_name of public.editai_jobs",
        "validated is true, not false",
    ),
    "an index": (
        "drop index public.editai_jobs_newest",
        "index public.editai_jobs_newest",
        "should not be there",
    ),
    "an index's columns": (
        ("drop index public.editai_jobs_newest;"
        "create index editai_jobs_newest on public.editai_jobs (project_id, created_at)"),
        "index public.editai_jobs_newest",
        "definition is",
    ),
    "a policy": (f"drop policy {POLICY}", f"policy {POLICY}", "should not be there"),
    "a policy's condition": (
        f"alter policy {POLICY} using (true)",
        f"policy {POLICY}",
        "using is",
    ),
    "a policy's roles": (
        f"alter policy {POLICY} to anon",
        f"policy {POLICY}",
        'roles is ["authenticated"], not ["anon"]',
    ),
    "a trigger": (
        ("create trigger newcomer before update on public.editai_jobs"
        " for each row execute function suppress_redundant_updates_trigger()"),
        "trigger newcomer on public.editai_jobs",
        "is missing",
    ),
    "a sequence": (
        "alter sequence public.editai_fencing_tokens cache 10",
        "sequence public.editai_fencing_tokens",
        "cache is 1, not 10",
    ),
    "a sequence's grants": (
        "grant update on sequence public.editai_fencing_tokens to service_role",
        "sequence public.editai_fencing_tokens",
        "grants is",
    ),
    "default privileges": (
        "alter default privileges for role postgres in schema public revoke all on tables from anon",
        "default privileges of postgres in public for r",
        "grants is",
    ),
    "a publication": (
        "alter publication supabase_realtime add table public.editai_jobs",
        "publication supabase_realtime",
        "tables is",
    ),
    "a row that the schema brings": (
        "update public.editai_export_presets set crf = 30 where name = 'tiktok'",
        "row public.editai_export_presets tiktok",
        "crf is 20, not 30",
    ),
    "a view": (
        "create view public.newcomer with (security_invoker) as select 1 as one",
        "view public.newcomer",
        "is missing",
    ),
    "a type": ("create type public.newcomer as enum ('x')", "type public.newcomer", "is missing"),
    "a schema": ("create schema newcomer", "schema newcomer", "is missing"),
    "a schema's grants": ("grant create on schema public to anon", "schema public", "grants is"),
    "a rule": (
        "create rule newcomer as on insert to public.editai_jobs do nothing",
        "rule newcomer on public.editai_jobs",
        "is missing",
    ),
    "an event trigger": (
        ("create function public.newcomer() returns event_trigger language plpgsql as 'begin end';"
        "create event trigger newcomer on ddl_command_end execute function public.newcomer()"),
        "event trigger newcomer",
        "is missing",
    ),
    "statistics": (
        "create statistics public.newcomer on kind, status from public.editai_jobs",
        "statistics public.newcomer",
        "is missing",
    ),
}  # fmt: skip
"""Each is a statement, the object that it changes, and what is told of that object."""
