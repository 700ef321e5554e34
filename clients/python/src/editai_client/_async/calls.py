"""What the groups of calls share."""

from typing import Any
from uuid import uuid4

from editai_client._async.http import Http


class Calls:
    """A group of calls of one client."""

    def __init__(self, http: Http) -> None:
        self._http = http


def start_headers(wait_seconds: int, idempotency_key: str | None) -> dict[str, str]:
    """The headers of a call that starts a job. Without a key it gets one, so that it can be repeated safely."""
    headers = {"Idempotency-Key": idempotency_key or str(uuid4())}
    if wait_seconds:
        headers["Prefer"] = f"wait={wait_seconds}"
    return headers


def given(**members: Any) -> dict[str, Any]:
    """The members that are not None."""
    return {name: value for name, value in members.items() if value is not None}
