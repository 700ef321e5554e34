"""The text of a migration: generated statements, in the words of supabase/schemas where those have them."""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from pglast import ast, parse_sql
from pglast.enums.parsenodes import ObjectType

from local.schema.catalog import Catalog
from local.schema.files import routines
from local.schema.inline_checks import with_inline_checks
from local.schema.squawk import with_reasons
from local.schema.style import in_project_style

TABLE_GRANTS = "grants/tables.sql"
RESTRICT_FUNCTIONS = "call public.editai_restrict_functions()"

_LIMITS = """\

set lock_timeout = '5s';
set statement_timeout = '60s';
"""
_TAIL = "notify pgrst, 'reload schema'"

_CREATE = re.compile(r"^create (?:or replace )?(function|procedure)", re.MULTILINE)
_OF_TABLES = (ObjectType.OBJECT_TABLE, ObjectType.OBJECT_SEQUENCE)


def migration_body(
    generated: Sequence[str],
    rows: Sequence[str],
    files: Mapping[Path, str],
    is_now: Catalog,
) -> str:
    """A migration without heading. `generated` are the diff's statements, `is_now` the database that they change."""
    parsed = with_inline_checks([(statement, _parse(statement)) for statement in generated])
    body = [
        *_statements(parsed, files, is_now),
        *(in_project_style(row) for row in rows),
        *_grants([node for _, node in parsed], files),
        _TAIL,
    ]
    return with_reasons("\n".join([_LIMITS, *(f"{part.rstrip(';')};\n" for part in body)]))


def _statements(
    parsed: Sequence[tuple[str, Any]], files: Mapping[Path, str], is_now: Catalog
) -> Iterator[str]:
    """The statements but grants, which depend on a database's default privileges: see `_grants`."""
    written = {name: text for file in files.values() for name, text in routines(file).items()}
    existing = {
        key.split(".", 1)[1].split("(")[0]
        for key in is_now
        if re.match("(function|procedure) ", key)
    }
    for statement, node in parsed:
        match node:
            case ast.GrantStmt():
                continue
            case ast.DropStmt(removeType=ObjectType.OBJECT_FUNCTION | ObjectType.OBJECT_PROCEDURE):
                existing -= {_last_name(target.objname) for target in cast("Any", node.objects)}
                yield in_project_style(statement)
            case ast.CreateFunctionStmt():
                name = _last_name(node.funcname)
                verb = "create or replace" if name in existing else "create"
                yield _CREATE.sub(rf"{verb} \1", written[name], count=1)
            case _:
                yield in_project_style(statement)


def _grants(nodes: Sequence[Any], files: Mapping[Path, str]) -> Iterator[str]:
    """The grants of supabase/schemas, whole: they give the same rights whatever a database granted by default."""
    kinds = {node.objtype for node in nodes if isinstance(node, ast.GrantStmt)}
    if kinds.intersection(_OF_TABLES):
        (text,) = (text for file, text in files.items() if file.as_posix().endswith(TABLE_GRANTS))
        yield text.strip()
    if any(isinstance(node, ast.CreateFunctionStmt) for node in nodes) or kinds - {*_OF_TABLES}:
        yield RESTRICT_FUNCTIONS


def _parse(statement: str) -> Any:
    return parse_sql(statement)[0].stmt


def _last_name(qualified: Any) -> str:
    return qualified[-1].sval
