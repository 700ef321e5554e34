"""`supabase db push` and the local stack's own migrate have the same effect, and see each other's migrations."""

from typing import Any

import psycopg
from psycopg.rows import dict_row

from local.schema.migrations import MIGRATIONS, migrate
from tests.sql import catalog
from tests.sql.schema.test_grants import expected_grants
from tests.sql.supabase_cli.conftest import EmptyDatabase, SupabaseCli
from tests.support.backend import Backend
from tests.support.database import Connection

# What makes the schema: each query's rows are texts and truths that compare.
_CATALOG = (
    """
    select p.oid::regprocedure::text, pg_get_functiondef(p.oid), obj_description(p.oid)
    from pg_proc p where p.pronamespace = 'public'::regnamespace
    """,
    """
    select table_name, column_name, data_type, is_nullable, column_default
    from information_schema.columns where table_schema = 'public'
    """,
    """
    select conrelid::regclass::text, conname, pg_get_constraintdef(oid)
    from pg_constraint where connamespace = 'public'::regnamespace
    """,
    "select indexname, indexdef from pg_indexes where schemaname = 'public'",
    "select tablename, policyname, roles::text, cmd, qual, with_check from pg_policies",
    "select tablename from pg_publication_tables where pubname = 'supabase_realtime'",
    """
    select relname, reloptions::text, relrowsecurity
    from pg_class where relnamespace = 'public'::regnamespace
    """,
)

# What belongs to a whole project, and to others than us: the roles are of the server.
_NOT_OURS = (
    "select rolname, rolsuper, rolbypassrls, rolcanlogin, rolconfig::text from pg_roles",
    "select roleid::regrole::text, member::regrole::text, admin_option from pg_auth_members",
    "select defaclrole::regrole::text, defaclobjtype, defaclacl::text from pg_default_acl",
    "select extname from pg_extension",
    "select evtname from pg_event_trigger",
    "select pubname, puballtables from pg_publication",
)


def _rows(db_url: str, queries: tuple[str, ...]) -> list[set[tuple[Any, ...]]]:
    with psycopg.connect(db_url) as connection:
        return [set(connection.execute(query.encode()).fetchall()) for query in queries]


def _connect(db_url: str) -> Connection:
    return Connection.connect(db_url, row_factory=dict_row)


def _grants(db_url: str) -> catalog.Grants:
    with _connect(db_url) as connection:
        return catalog.grants(connection)


def _recorded(db_url: str) -> list[tuple[Any, ...]]:
    query = """
        select version, name, array_length(statements, 1)
        from supabase_migrations.schema_migrations order by version
    """
    with psycopg.connect(db_url) as connection:
        return connection.execute(query).fetchall()


def test_db_push_applies_every_migration_to_an_empty_database(
    cli: SupabaseCli, empty_database: EmptyDatabase
) -> None:
    db_url = empty_database("pushed")
    said = cli.push(db_url)
    files = sorted(file.name for file in MIGRATIONS.glob("*.sql"))
    assert [name for name in files if f"Applying migration {name}" in said] == files
    assert [f"{version}_{name}.sql" for version, name, _ in _recorded(db_url)] == files


def test_db_push_applies_what_the_local_stack_applies(
    cli: SupabaseCli, empty_database: EmptyDatabase
) -> None:
    pushed, migrated = empty_database("pushed"), empty_database("migrated")
    cli.push(pushed)
    migrate(migrated, say=lambda _line: None)
    assert _recorded(pushed) == _recorded(migrated)
    assert _rows(pushed, _CATALOG) == _rows(migrated, _CATALOG)
    assert _grants(pushed) == _grants(migrated)


def test_db_push_gives_exactly_the_written_grants(
    cli: SupabaseCli, empty_database: EmptyDatabase
) -> None:
    db_url = empty_database("pushed")
    cli.push(db_url)
    with _connect(db_url) as connection:
        assert catalog.grants(connection) == expected_grants(connection)


def test_db_push_leaves_roles_and_default_privileges_unchanged(
    cli: SupabaseCli, empty_database: EmptyDatabase
) -> None:
    db_url = empty_database("pushed")
    before = _rows(db_url, _NOT_OURS)
    cli.push(db_url)
    assert _rows(db_url, _NOT_OURS) == before


def test_db_push_finds_nothing_to_apply_on_the_local_stack(
    cli: SupabaseCli, fresh_state: Backend
) -> None:
    db_url = fresh_state.server.url(database=fresh_state.database)
    before = _recorded(db_url)
    assert "up to date" in cli.push(db_url)
    assert _recorded(db_url) == before


def test_the_local_stack_finds_nothing_to_apply_after_db_push(
    cli: SupabaseCli, empty_database: EmptyDatabase
) -> None:
    db_url = empty_database("pushed")
    cli.push(db_url)
    said: list[str] = []
    assert migrate(db_url, say=said.append) == []
    assert said == []


def test_a_project_that_exposes_nothing_by_itself_gets_the_same_grants(
    cli: SupabaseCli, empty_database: EmptyDatabase
) -> None:
    """Newer Supabase projects grant nothing that is created in public to the API's roles."""
    usual, closed = empty_database("pushed"), empty_database("closed")
    with psycopg.connect(closed, autocommit=True) as connection:
        for kind in ("tables", "functions", "sequences"):
            connection.execute(
                f"alter default privileges for role postgres in schema public "
                f"revoke all on {kind} from anon, authenticated, service_role".encode()
            )
    cli.push(usual)
    cli.push(closed)
    assert _grants(closed) == _grants(usual)
