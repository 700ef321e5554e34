"""What a database holds, object by object, so that two databases can be compared."""

import json
from collections.abc import Iterator, Mapping
from itertools import zip_longest
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import TupleRow, tuple_row

Catalog = Mapping[str, Mapping[str, Any]]
"""What is true of each object: {"index public.editai_jobs_by_project": {"definition": "CREATE INDEX …", …}}."""

_OBJECTS = Path(__file__).with_name("catalog.sql")

# A database that was just made has no rows but those that the schema brings.
_TABLES = """
select n.nspname, c.relname from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where n.nspname = 'public' and c.relkind in ('r', 'p') order by 2
"""
_PRIMARY_KEY = """
select a.attname from pg_catalog.pg_index i
join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attnum = any (i.indkey)
where i.indisprimary and i.indrelid = %s::regclass order by a.attnum
"""
_SCHEDULE = "select jobname, schedule, command, active from cron.job"


def read_catalog(connection: psycopg.Connection[Any]) -> Catalog:
    """Every object that a migration can have made, the rows of its tables, and pg_cron's schedule."""
    plain = connection.cursor(row_factory=tuple_row)
    with connection.transaction():
        plain.execute("set local search_path = ''")
        found: dict[str, Mapping[str, Any]] = dict(plain.execute(_OBJECTS.read_bytes()).fetchall())
        found |= {f"row {name}": values for name, values in _rows(plain)}
        found |= {f"scheduled job {name}": values for name, values in _scheduled(plain)}
    return found


def read_catalog_of(url: str) -> Catalog:
    """The catalog of the database at a URL."""
    with psycopg.connect(url, connect_timeout=10) as connection:
        return read_catalog(connection)


def differences(is_now: Catalog, should_be: Catalog) -> list[str]:
    """One line for each object that is missing, should not be there, or is not as it should be."""
    return [
        line
        for name in sorted(is_now.keys() | should_be.keys())
        for line in _difference(name, is_now.get(name), should_be.get(name))
    ]


def primary_key(connection: psycopg.Connection[Any], table: str) -> list[str]:
    """The columns of a table's primary key; none, if it has no such key."""
    plain = connection.cursor(row_factory=tuple_row)
    return [column for (column,) in plain.execute(_PRIMARY_KEY, [table])]


def _difference(
    name: str, is_now: Mapping[str, Any] | None, should_be: Mapping[str, Any] | None
) -> Iterator[str]:
    if is_now is None:
        yield f"{name} is missing"
    elif should_be is None:
        yield f"{name} should not be there"
    else:
        for fact in sorted(is_now.keys() | should_be.keys()):
            if is_now.get(fact) != should_be.get(fact):
                found, wanted = _first_difference(is_now.get(fact), should_be.get(fact))
                yield f"{name}: {fact} is {found}, not {wanted}"


def _first_difference(is_now: object, should_be: object) -> tuple[str, str]:
    """Two values; of texts with many lines, such as the body of a function, the first lines that differ."""
    if isinstance(is_now, str) and isinstance(should_be, str):
        for lines in zip_longest(is_now.splitlines(), should_be.splitlines()):
            if lines[0] != lines[1]:
                is_now, should_be = lines
                break
    return json.dumps(is_now, default=str), json.dumps(should_be, default=str)


def _rows(plain: psycopg.Cursor[TupleRow]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The rows of each table, named by the table and the primary key."""
    for schema, table in plain.execute(_TABLES).fetchall():
        name = sql.Identifier(schema, table)
        query = sql.SQL("select row_to_json(t) from {} t").format(name)
        rows = [row for (row,) in plain.execute(query).fetchall()]
        if rows:
            key = primary_key(plain.connection, f"{schema}.{table}")
            for row in rows:
                values = " ".join(str(row[column]) for column in key or sorted(row))
                yield f"{schema}.{table} {values}", row


def _scheduled(plain: psycopg.Cursor[TupleRow]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    found = plain.execute("select to_regclass('cron.job') is not null").fetchone()
    if found and found[0]:
        for name, schedule, command, active in plain.execute(_SCHEDULE).fetchall():
            yield name, {"schedule": schedule, "command": command, "active": active}
