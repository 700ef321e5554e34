"""What the database itself says that we have made: the ground of every test that must not miss a newcomer."""

from dataclasses import dataclass

from tests.stack.database import Connection

OURS = r"editai\_%"


@dataclass(frozen=True, kw_only=True, order=True)
class Function:
    """A function or procedure; `signature` names it where names are overloaded."""

    name: str
    signature: str
    arguments: int


def tables(connection: Connection) -> list[str]:
    """Our tables, without their prefix."""
    rows = connection.execute(
        "select substr(relname, 8) as name from pg_class"
        " where relnamespace = 'public'::regnamespace and relkind in ('r', 'p', 'v', 'm', 'f')"
        " and relname like %s order by 1",
        [OURS],
    )
    return [row["name"] for row in rows]


def functions(connection: Connection) -> list[Function]:
    """Our functions and procedures, their names without the prefix."""
    rows = connection.execute(
        "select substr(proname, 8) as name, oid::regprocedure::text as signature, pronargs as arguments"
        " from pg_proc where pronamespace = 'public'::regnamespace and proname like %s order by 1",
        [OURS],
    )
    return [Function(**row) for row in rows]
