"""Postgres's log: errors of calls that are not recorded, such as those of the library and cleanup."""

import re
from pathlib import Path

from tests.faults.rules.refusals import SQL_FAULT, is_sql_fault
from tests.faults.rules.violations import Violation

LINE_PREFIX = "%e "
"""Each line begins with its SQLSTATE: https://www.postgresql.org/docs/current/runtime-config-logging.html."""

_ERROR = re.compile(r"^(?P<state>\w{5}) (ERROR|FATAL|PANIC): ")
_MORE = re.compile(r"^\w{5} (DETAIL|HINT|CONTEXT|STATEMENT|QUERY): |^\t")
_SHOWN_CHARACTERS = 300


def faults_in(log: Path) -> list[Violation]:
    """The errors that no injected fault explains, each with its lines of the log."""
    found = list[list[str]]()
    inside = False
    for line in log.read_text(errors="replace").splitlines():
        error = _ERROR.match(line)
        if error:
            inside = is_sql_fault(error["state"])
            if inside:
                found.append([])
        elif not _MORE.match(line):
            inside = False
        if inside:
            found[-1].append(line.strip()[:_SHOWN_CHARACTERS])
    return [
        Violation(rule=SQL_FAULT, project_id="any", facts={}, history=tuple(lines))
        for lines in found
    ]
