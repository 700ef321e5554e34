"""Cursor pagination of lists, newest first.

A cursor is the position of a page's last row, so rows that are added or deleted between requests shift nothing. Rows
are ordered by their numbers, which come from a sequence: a clock may go back, and created_at with it. A cursor that was
issued before rows had numbers lacks the number; the list function then looks it up.
"""

import binascii
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import Depends, Query
from pydantic import BeforeValidator, Field

from api.http.problems import invalid_parts
from shared.errors import InvalidRequest
from shared.job_params.json_types import parse_number, to_integer

MAX_LIMIT = 100
MAX_CURSOR_LENGTH = 300
MAX_ROW_NUMBER = 2**63


@dataclass(frozen=True, kw_only=True)
class PageRequest:
    """The requested page."""

    limit: int
    cursor: str | None

    def arguments(self, *, id_type: Callable[[str], object] = str) -> dict[str, Any]:
        """The arguments of the SQL list function. It reads one extra row, which shows whether there is a next page.

        Raises InvalidRequest for an invalid cursor.
        """
        arguments: dict[str, Any] = {"limit": self.limit + 1}
        if self.cursor is None:
            return arguments
        row_number, created_at, row_id = _decode(self.cursor, id_type)
        position: dict[str, Any] = {"after_created_at": created_at, "after_id": row_id}
        if row_number is not None:
            position["after_row_number"] = row_number
        return arguments | position

    def cut(self, rows: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], str | None]:
        """The rows of this page, and the cursor of the next page, or None on the last page."""
        if len(rows) <= self.limit:
            return rows, None
        page = rows[: self.limit]
        return page, _encode(page[-1])


def _encode(row: dict[str, Any]) -> str:
    position = json.dumps([row["row_number"], row["created_at"], row["id"]], separators=(",", ":"))
    return urlsafe_b64encode(position.encode()).decode().rstrip("=")


def _decode(cursor: str, id_type: Callable[[str], object]) -> tuple[int | None, str, str]:
    """The number, the creation time and the id of a row; no number in a cursor from before there were numbers."""
    try:
        *number, created_at, row_id = json.loads(
            urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        )
        # Normalized for Postgres, because Python accepts more ways to write a time.
        moment = datetime.fromisoformat(created_at).astimezone(UTC).isoformat()
        return _row_number(*number) if number else None, moment, str(id_type(row_id))
    except (binascii.Error, ValueError, TypeError, OverflowError, AttributeError):
        raise _unknown_cursor() from None


def _row_number(number: object) -> int:
    """Return a row's number. Raises ValueError unless it is an integer that fits a bigint."""
    if type(number) is not int or not 0 <= number < MAX_ROW_NUMBER:
        raise ValueError("not the number of a row")
    return number


def _unknown_cursor() -> InvalidRequest:
    return invalid_parts(("query.cursor", "Not a cursor of this list; send next_cursor unchanged"))


async def _page_request(
    limit: Annotated[
        int,
        Field(strict=True, ge=1, le=MAX_LIMIT),
        BeforeValidator(to_integer),
        BeforeValidator(parse_number),
        Query(description="Items per page."),
    ] = 20,
    cursor: Annotated[
        str | None,
        Query(max_length=MAX_CURSOR_LENGTH, description="`next_cursor` of the previous page."),
    ] = None,
) -> PageRequest:
    return PageRequest(limit=limit, cursor=cursor)


Paging = Annotated[PageRequest, Depends(_page_request)]
