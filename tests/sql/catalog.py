"""Everything that the migrations created, read from the catalog, so that no test misses a new object."""

from collections.abc import Mapping
from dataclasses import dataclass

from tests.support.database import Connection

OURS = r"editai\_%"

Grants = Mapping[str, Mapping[str, set[str]]]
"""What each object allows to each role but its owner: {"table public.editai_jobs": {"authenticated": {"SELECT"}}}."""


@dataclass(frozen=True, kw_only=True, order=True)
class Function:
    """A function or procedure; `signature` names it where names are overloaded."""

    name: str
    signature: str
    arguments: int


def tables(connection: Connection) -> list[str]:
    """The project's tables, without their prefix."""
    rows = connection.execute(
        "select substr(relname, 8) as name from pg_class"
        " where relnamespace = 'public'::regnamespace and relkind in ('r', 'p', 'v', 'm', 'f')"
        " and relname like %s order by 1",
        [OURS],
    )
    return [row["name"] for row in rows]


def functions(connection: Connection) -> list[Function]:
    """The project's functions and procedures, without their prefix."""
    rows = connection.execute(
        "select substr(proname, 8) as name, oid::regprocedure::text as signature, pronargs as arguments"
        " from pg_proc where pronamespace = 'public'::regnamespace and proname like %s order by 1",
        [OURS],
    )
    return [Function(**row) for row in rows]


# Postgres's own schemas, what stands in for Supabase's, and the tests' clock.
_NOT_OURS = ["pg_catalog", "information_schema", "pg_toast", "auth", "extensions", "editai_test"]

# An object without privileges of its own has the built-in ones, which let everyone call a function.
_GRANTS = """
with objects (class, oid, kind, schema, name, owner, privileges) as (
  select 'pg_namespace'::regclass, oid, 'schema', nspname, null, nspowner, coalesce(nspacl, acldefault('n', nspowner))
  from pg_namespace
  union all
  select 'pg_class'::regclass, oid, case relkind when 'S' then 'sequence' else 'table' end,
    relnamespace::regnamespace::text, relname, relowner,
    coalesce(relacl, acldefault(case relkind when 'S' then 's' else 'r' end::"char", relowner))
  from pg_class where relkind in ('r', 'p', 'v', 'm', 'f', 'S')
  union all
  select 'pg_attribute'::regclass, c.oid, 'column', relnamespace::regnamespace::text, relname || '.' || attname,
    relowner, attacl
  from pg_attribute a join pg_class c on c.oid = a.attrelid where attacl is not null
  union all
  select 'pg_proc'::regclass, oid, case prokind when 'p' then 'procedure' else 'function' end,
    pronamespace::regnamespace::text, proname, proowner, coalesce(proacl, acldefault('f', proowner))
  from pg_proc
)
select kind || ' ' || concat_ws('.', schema, name) as object,
  case g.grantee when 0 then 'public' else g.grantee::regrole::text end as grantee,
  g.privilege_type || case when g.is_grantable then ' with grant option' else '' end as privilege
from objects o
left join lateral aclexplode(o.privileges) g on g.grantee <> o.owner
where schema <> all (%s) and schema !~ '^pg_(toast_)?temp_' and not exists (
  select 1 from pg_depend d where d.classid = o.class and d.objid = o.oid and d.deptype = 'e')
"""


def grants(connection: Connection) -> Grants:
    """Every schema, table, column, sequence, function and procedure that a migration can have made, and its grants.

    A column is there only if it has grants of its own.
    """
    found: dict[str, dict[str, set[str]]] = {}
    for row in connection.execute(_GRANTS.encode(), [_NOT_OURS]):
        holders = found.setdefault(row["object"], {})
        if row["privilege"] is not None:
            holders.setdefault(row["grantee"], set()).add(row["privilege"])
    return found
