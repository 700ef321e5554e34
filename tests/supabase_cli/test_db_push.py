"""`supabase db push` and the local stack's own migrate do the same, and know of each other."""

from typing import Any

import psycopg

from local.migrations import MIGRATIONS, migrate
from tests.stack.backend import Backend
from tests.supabase_cli.conftest import EmptyDatabase, SupabaseCli

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

_PRIVILEGES = (
    """
    select role, p.oid::regprocedure::text, has_function_privilege(role, p.oid, 'execute')
    from pg_proc p, unnest(array['anon', 'authenticated', 'service_role']) role
    where p.pronamespace = 'public'::regnamespace
    """,
    """
    select role, a.attrelid::regclass::text, a.attname, privilege,
      has_column_privilege(role, a.attrelid, a.attnum, privilege)
    from pg_attribute a join pg_class c on c.oid = a.attrelid,
      unnest(array['anon', 'authenticated', 'service_role']) role,
      unnest(array['select', 'insert', 'update']) privilege
    where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and a.attnum > 0
    """,
    """
    select role, c.relname, privilege, has_table_privilege(role, c.oid, privilege)
    from pg_class c, unnest(array['anon', 'authenticated', 'service_role']) role,
      unnest(array['delete', 'truncate', 'references', 'trigger']) privilege
    where c.relnamespace = 'public'::regnamespace and c.relkind = 'r'
    """,
    """
    select role, c.relname, has_sequence_privilege(role, c.oid, 'usage, select, update')
    from pg_class c, unnest(array['anon', 'authenticated', 'service_role']) role
    where c.relnamespace = 'public'::regnamespace and c.relkind = 'S'
    """,
)


def _rows(db_url: str, queries: tuple[str, ...]) -> list[set[tuple[Any, ...]]]:
    with psycopg.connect(db_url) as connection:
        return [set(connection.execute(query.encode()).fetchall()) for query in queries]


def _recorded(db_url: str) -> list[tuple[Any, ...]]:
    query = """
        select version, name, array_length(statements, 1)
        from supabase_migrations.schema_migrations order by version
    """
    with psycopg.connect(db_url) as connection:
        return connection.execute(query).fetchall()


def test_it_applies_every_migration_to_an_empty_database(
    cli: SupabaseCli, empty_database: EmptyDatabase
) -> None:
    db_url = empty_database("pushed")
    said = cli.push(db_url)
    files = sorted(file.name for file in MIGRATIONS.glob("*.sql"))
    assert [name for name in files if f"Applying migration {name}" in said] == files
    assert [f"{version}_{name}.sql" for version, name, _ in _recorded(db_url)] == files


def test_what_it_applies_is_what_the_local_stack_applies(
    cli: SupabaseCli, empty_database: EmptyDatabase
) -> None:
    pushed, migrated = empty_database("pushed"), empty_database("migrated")
    cli.push(pushed)
    migrate(migrated, say=lambda _line: None)
    assert _recorded(pushed) == _recorded(migrated)
    assert _rows(pushed, _CATALOG) == _rows(migrated, _CATALOG)
    assert _rows(pushed, _PRIVILEGES) == _rows(migrated, _PRIVILEGES)


def test_it_finds_nothing_to_do_on_the_local_stack(cli: SupabaseCli, fresh_state: Backend) -> None:
    db_url = fresh_state.server.url(database=fresh_state.database)
    before = _recorded(db_url)
    assert "up to date" in cli.push(db_url)
    assert _recorded(db_url) == before


def test_the_local_stack_finds_nothing_to_do_after_it(
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
    assert _rows(closed, _PRIVILEGES) == _rows(usual, _PRIVILEGES)
