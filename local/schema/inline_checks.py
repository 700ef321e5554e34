"""Writes the check of a new column into the statement that adds the column, as supabase/schemas does.

The diff engine writes two statements. Alone, `add constraint` reads the whole table under an exclusive lock.
"""

import re
from collections.abc import Sequence
from typing import Any, cast

from pglast import ast
from pglast.enums.parsenodes import AlterTableType, ConstrType
from pglast.visitors import Visitor

Parsed = tuple[str, Any]
"""A statement and its syntax tree."""

_CONSTRAINT = re.compile(r"\badd\s+(constraint\b.*)", re.IGNORECASE | re.DOTALL)


def with_inline_checks(parsed: Sequence[Parsed]) -> list[Parsed]:
    """The statements, with each check of one new column moved to its column."""
    result: list[Parsed] = []
    added: dict[tuple[str, str], int] = {}
    for statement, node in parsed:
        table, command = _only_command(node)
        if command is None:
            result.append((statement, node))
            continue
        place = added.get((table, _only_column_checked(command)))
        constraint = _CONSTRAINT.search(statement)
        if place is not None and constraint:
            column, its_node = result[place]
            result[place] = f"{column.rstrip(';')}\n    {constraint[1]}", its_node
            continue
        if command.subtype == AlterTableType.AT_AddColumn:
            added[table, command.def_.colname] = len(result)
        result.append((statement, node))
    return result


def _only_command(node: Any) -> tuple[str, Any]:
    """The table, and what is done to it, of an `alter table` that does one thing; otherwise None."""
    if not isinstance(node, ast.AlterTableStmt):
        return "", None
    relation, commands = cast("Any", node.relation), cast("Any", node.cmds)
    return f"{relation.schemaname}.{relation.relname}", commands[0] if len(commands) == 1 else None


def _only_column_checked(command: Any) -> str:
    """The column that a check constraint is about; empty if there are several, or if it is not such a command."""
    constraint = command.def_
    if command.subtype != AlterTableType.AT_AddConstraint:
        return ""
    if constraint.contype != ConstrType.CONSTR_CHECK or constraint.skip_validation:
        return ""
    columns = _Columns()
    columns(constraint.raw_expr)
    return columns.names.pop() if len(columns.names) == 1 else ""


class _Columns(Visitor):
    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def visit_ColumnRef(self, _ancestors: Any, node: Any) -> None:  # noqa: N802 (the library's name)
        self.names.add(node.fields[-1].sval)
