"""The bodies of the SQL functions, checked against the catalog by plpgsql_check through the Supabase CLI."""

from pathlib import Path

import pytest

from tests.sql.postgres15.conftest import Postgres15
from tests.sql.supabase_cli.conftest import SupabaseCli
from tests.support.database import Connection

# The checker wonders whether a record that is one of several OUT parameters was meant to be the whole row. It was not.
MEANT = "composite OUT variable"

pytestmark = pytest.mark.usefixtures(
    "with_pg_cron", "with_pg_net_and_vault", "with_plpgsql_check", "migrated"
)


@pytest.fixture
def with_plpgsql_check(admin: Connection) -> None:
    """What the CLI does on Supabase, where it may."""
    admin.execute("create extension plpgsql_check schema extensions")


@pytest.fixture
def migrated(with_pg_cron: None, with_pg_net_and_vault: None, postgres15: Postgres15) -> Postgres15:
    """A database with all that a body may refer to."""
    postgres15.migrate()
    return postgres15


def _found(postgres15: Postgres15, home: Path) -> list[str]:
    arguments = ["db", "lint", f"--remote={postgres15.url('postgres')}", "--schema=public"]
    return [
        f"{function['function']}: {issue['message']}"
        for function in SupabaseCli.on_a_copy(home).findings(*arguments, "--level=warning")
        for issue in function["issues"]
        if not issue["message"].startswith(MEANT)
    ]


def test_every_function_body_refers_to_existing_objects(
    migrated: Postgres15, tmp_path: Path
) -> None:
    assert _found(migrated, tmp_path) == []


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ("perform p.nickname from public.editai_projects p", "column p.nickname does not exist"),
        ("perform public.editai_ttl('soon'::text)", "function public.editai_ttl(text)"),
        ("declare v_never integer; begin end", 'unused variable "v_never"'),
    ],
)
def test_a_function_body_with_a_mistake_would_be_found(
    migrated: Postgres15, owner: Connection, tmp_path: Path, body: str, complaint: str
) -> None:
    owner.execute(
        "create function public.editai_wrong() returns void language plpgsql set search_path = ''"
        f" as $$ begin {body}; end $$".encode()
    )
    (found,) = _found(migrated, tmp_path)
    assert complaint in found
