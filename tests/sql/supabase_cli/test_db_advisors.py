"""Supabase's database linter (splinter), which its CLI carries, on a database that the CLI has migrated."""

import psycopg
import pytest

from tests.sql.supabase_cli.conftest import EmptyDatabase, SupabaseCli

# An index that serves no query yet: every one in a database that nobody has asked anything.
OF_A_NEW_DATABASE = {"unused_index"}

# A fault for each rule that our schema could break.
FAULTS = {
    "rls_disabled_in_public": "create table public.editai_open (id int primary key)",
    "policy_exists_rls_disabled": """
        create policy of_nothing on public.editai_open for select to authenticated using (true)
    """,
    "security_definer_view": """
        create view public.editai_everything as select * from public.editai_projects
    """,
    "rls_references_user_metadata": """
        create policy by_metadata on public.editai_jobs for delete to authenticated
          using ((select auth.jwt()) -> 'user_metadata' ->> 'role' = 'editor')
    """,
    "function_search_path_mutable": """
        create function public.editai_lax() returns int language sql as 'select 1'
    """,
    "rls_policy_always_true": """
        create policy of_anyone on public.editai_clips for update to authenticated using (true)
    """,
    "auth_rls_initplan": """
        create policy by_row on public.editai_sources for delete to authenticated
          using (auth.uid() is not null)
    """,
    "multiple_permissive_policies": """
        create policy again on public.editai_jobs for select to authenticated
          using (kind = 'raw_clips')
    """,
    "duplicate_index": """
        create index editai_twice on public.editai_sources (created_at) where status = 'pending'
    """,
    "rls_enabled_no_policy": """
        create table public.editai_closed (id int primary key);
        alter table public.editai_closed enable row level security
    """,
    "unindexed_foreign_keys": """
        alter table public.editai_projects add clip_id uuid references public.editai_clips (id)
    """,
    "no_primary_key": "alter table public.editai_exports drop constraint editai_exports_pkey",
}


def _found(cli: SupabaseCli, db_url: str) -> dict[str, str]:
    """What was found, by rule."""
    findings = cli.findings("db", "advisors", f"--remote={db_url}", "--level=info")
    by_rule = {finding["name"]: finding["detail"] for finding in findings}
    return {rule: by_rule[rule] for rule in by_rule.keys() - OF_A_NEW_DATABASE}


@pytest.fixture
def pushed(cli: SupabaseCli, empty_database: EmptyDatabase) -> str:
    """The URL of a database that the CLI has migrated."""
    db_url = empty_database("advised")
    cli.push(db_url)
    return db_url


def test_the_linter_finds_nothing_at_any_level(cli: SupabaseCli, pushed: str) -> None:
    assert _found(cli, pushed) == {}


def test_the_linter_would_find_each_planted_fault(cli: SupabaseCli, pushed: str) -> None:
    with psycopg.connect(pushed) as connection:
        for fault in FAULTS.values():
            connection.execute(fault.encode())
    assert _found(cli, pushed).keys() == FAULTS.keys()
