"""What a call costs does not depend on how many rows others have: it reads no more pages with them than without."""

from collections.abc import Mapping
from typing import Any, LiteralString
from uuid import UUID, uuid4

from bench.growth_statements import OF_OTHERS, OWN, READS, USER_READS
from tests.support.database import Connection, Database

OWNER = UUID(int=7)
OTHERS = 10_000
MORE_PAGES = 60
"""Deeper indexes cost a few pages. Reading others' rows would cost hundreds."""


def add_rows_of_others(admin: Connection) -> None:
    admin.execute("set session_replication_role = replica")  # no checks of foreign keys: all exist
    for statement in OF_OTHERS.values():
        admin.execute(statement.format(n=OTHERS).encode())
    admin.execute("vacuum analyze")


def pages_read(connection: Connection, statement: LiteralString, values: dict[str, Any]) -> int:
    """The pages that a statement reads, from memory or from disk; the second of two runs."""
    explain = "explain (analyze, buffers, timing off, format json) "
    query = (explain + statement).encode()
    connection.execute(query, values)
    row = connection.execute(query, values).fetchone()
    assert row is not None
    plan: dict[str, int] = row["QUERY PLAN"][0]["Plan"]
    return plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]


def test_the_rows_of_others_cost_a_call_nothing(database: Database, admin: Connection) -> None:
    service = database.connect("service_role")
    user = database.connect("authenticated", user_id=str(OWNER))
    own = {"project": "own", "owner": OWNER, "clip": uuid4(), "job": uuid4(), "n": 20}
    for statement in OWN:
        admin.execute(statement, own)
    admin.execute("vacuum analyze")  # earlier tests' rows count as pages, too

    def measured() -> dict[str, int]:
        reads: list[tuple[Connection, Mapping[str, LiteralString]]] = [
            (service, READS),
            (user, USER_READS),
        ]
        return {
            name: pages_read(connection, statement, own)
            for connection, statements in reads
            for name, statement in statements.items()
        }

    alone = measured()
    add_rows_of_others(admin)
    among_others = measured()
    grown = {
        name: (alone[name], pages)
        for name, pages in among_others.items()
        if pages > alone[name] + MORE_PAGES
    }
    assert grown == {}
    assert sum(among_others.values()) > len(among_others)
