"""Statements for rows that the schema brings, such as the export presets."""

from collections.abc import Iterator, Mapping
from typing import Any

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from local.schema.catalog import Catalog, primary_key


def row_statements(url: str, is_now: Catalog, should_be: Catalog) -> list[str]:
    """Adds the rows that are missing and changes those that differ; a row is never deleted.

    Other rows may point at it in a database that is in use, so that decision is a person's.
    """
    with psycopg.connect(url, connect_timeout=10) as connection:
        return [
            _upsert(table, primary_key(connection, table), row).as_string(connection)
            for table, row in _changed_rows(is_now, should_be)
        ]


def _changed_rows(is_now: Catalog, should_be: Catalog) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for name, row in should_be.items():
        if name.startswith("row ") and is_now.get(name) != row:
            yield name.split(" ")[1], row


def _upsert(table: str, key: list[str], row: Mapping[str, Any]) -> sql.Composed:
    changes = [
        sql.SQL("{0} = excluded.{0}").format(sql.Identifier(column))
        for column in row
        if column not in key
    ]
    return sql.SQL(
        "insert into {table} ({columns})\nvalues ({values})\n"
        "on conflict ({key}) do update set\n  {changes}"
    ).format(
        table=sql.Identifier(*table.split(".")),
        columns=sql.SQL(", ").join(map(sql.Identifier, row)),
        values=sql.SQL(", ").join(map(_literal, row.values())),
        key=sql.SQL(", ").join(map(sql.Identifier, key)),
        changes=sql.SQL(",\n  ").join(changes),
    )


def _literal(value: object) -> sql.Literal:
    return sql.Literal(Jsonb(value) if isinstance(value, dict | list) else value)
