"""Every database call and its response, recorded by the process that made it.

A line is written when a response arrives: what a caller was told must stay true. A release is also recorded before it
is sent, because it may take effect without a response. Times are of CLOCK_MONOTONIC, which all processes of a machine
share and no jump of the wall clock changes.
"""

import json
import os
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx

from local.parts.hosted import MADE_UP
from shared.database.client import get_supabase

HOST_CLOCK_HEADER = "x-editai-host-clock"
"""The host's own time, which the control `host-clock` makes the database use."""


class History:
    """A file that several processes may append to."""

    def __init__(self, file: Path) -> None:
        self._descriptor = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def write(self, **event: Any) -> None:
        """Append an event."""
        os.write(self._descriptor, json.dumps(event, default=str).encode() + b"\n")

    async def record_calls(self) -> None:
        """Record every call that this process's Supabase client makes from now on."""
        client = (await get_supabase()).options.httpx_client
        if client is None or client.event_hooks["request"]:
            return
        client.event_hooks = {"request": [self._on_request], "response": [self._on_response]}

    async def _on_request(self, request: httpx.Request) -> None:
        requested_at = request.extensions["requested_at"] = time.monotonic()
        skew_seconds = float(os.environ.get("HOST_CLOCK_SKEW_SECONDS", "0"))
        request.headers[HOST_CLOCK_HEADER] = str(time.time() + skew_seconds)
        if _name(request) == "release_lease":
            lease_id = json.loads(request.content)["p_lease_id"]
            self.write(releasing=lease_id, requested_at=requested_at)

    async def _on_response(self, response: httpx.Response) -> None:
        request = response.request
        await response.aread()
        self.write(
            process=os.getpid(),
            call=_name(request),
            requested_at=request.extensions["requested_at"],
            responded_at=time.monotonic(),
            params=json.loads(request.content or b"{}"),
            status=response.status_code,
            response=json.loads(response.content or b"null") if response.is_success else None,
            error=None if response.is_success else _code(response),
        )


def _name(request: httpx.Request) -> str:
    """The SQL function that is called."""
    return request.url.path.rpartition("/")[2].removeprefix("editai_")


def _code(response: httpx.Response) -> str | None:
    """The SQLSTATE of an error, or PostgREST's own code; None if the response is not PostgREST's, or made up."""
    if MADE_UP in response.headers:
        return None
    with suppress(ValueError, TypeError, KeyError):
        return str(json.loads(response.content)["code"])
    return None


class HistoryReader:
    """Reads what was appended since the last call."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._offset = 0

    @classmethod
    def from_end(cls, file: Path) -> "HistoryReader":
        """A reader of what is appended from now on."""
        reader = cls(file)
        reader._offset = file.stat().st_size if file.exists() else 0
        return reader

    def read(self) -> list[dict[str, Any]]:
        """The new events. An incomplete last line is left for the next call."""
        if not self._file.exists():
            return []
        with self._file.open("rb") as stream:
            stream.seek(self._offset)
            whole, newline, _ = stream.read().rpartition(b"\n")
        self._offset += len(whole) + len(newline)
        return [json.loads(line) for line in whole.splitlines()]
