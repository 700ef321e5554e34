"""What an error may look like: the library's to its callers, and the database's to the functions."""

from collections.abc import Mapping
from typing import Any

PROBLEM = "application/problem+json"
REFUSED = 400
TRANSIENT = (409, 429, 503)
"""Statuses after which a retry may succeed; they carry Retry-After."""

INSIDE = ("editai_", "PGRST", "Traceback", " select ")
"""Words of the database and the code, which no response may contain."""

SQL_FAULT = "the SQL functions never deadlock and never fail by themselves"
FAULTY_STATES = ("40001", "40P01", "P0001")
FAULTY_CLASSES = ("23", "42")
"""SQLSTATEs that mean a bug in the SQL: https://www.postgresql.org/docs/current/errcodes-appendix.html."""


def broken_by_library(event: Mapping[str, Any], *, directory: str) -> str | None:
    """The rule that the form of a library's response breaks, if any; `directory` is where the run keeps its files."""
    status = event["status"]
    if status < REFUSED:
        return None
    if not (event.get("content_type") or "").startswith(PROBLEM):
        return "a refusal comes as problem details"
    if status in TRANSIENT and not event.get("retry_after"):
        return "a refusal that passes says when to try again"
    body = event.get("body") or ""
    if any(word in body for word in (*INSIDE, directory)):
        return "a refusal tells nothing of the inside"
    return None


def broken_by_database(event: Mapping[str, Any]) -> str | None:
    """The rule that an error of a SQL function breaks, if any."""
    return SQL_FAULT if is_sql_fault(event.get("error") or "") else None


def is_sql_fault(state: str) -> bool:
    """True if a SQLSTATE means a bug in the SQL, and not an effect of an injected fault."""
    return state in FAULTY_STATES or state.startswith(FAULTY_CLASSES)
