"""Requests to one library: with the token, and repeated where that is safe and may help."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any, TypeVar

import httpx
from pydantic import BaseModel

from editai_client.models import Page
from editai_client.problems import problem_of
from editai_client.retrying import (
    MAX_DELAY_SECONDS,
    RETRIES,
    Outcome,
    delay_after,
    is_repeatable,
)
from editai_client.waiting import sleep

Model = TypeVar("Model", bound=BaseModel)
Item = TypeVar("Item")

Token = str | Callable[[], str]
"""An access token, or a function that is asked for it before each request. It should answer from memory."""

TIMEOUT = httpx.Timeout(30.0, read=330.0)
"""The read timeout exceeds the longest `Prefer: wait`, 300 seconds."""

MAX_PAGE_ITEMS = 100
"""The largest page that the library sends."""

_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")


class Http:
    """The connections to one library, for one caller."""

    def __init__(self, base_url: str, token: Token, *, retries: int = RETRIES) -> None:
        self.base_url = base_url.rstrip("/")
        self.token = token
        self.retries = retries
        self.client = new_client(base_url=base_url)

    def headers(self) -> dict[str, str]:
        """The headers of every request to the library."""
        token = self.token if isinstance(self.token, str) else self.token()
        return {"Authorization": f"Bearer {token}"}

    def send(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Send a request. Raises LibraryError, httpx.TransportError."""
        headers = options.pop("headers", {})
        limit = self.retries if is_repeatable(method, path, headers) else 0
        attempts = 0
        while True:
            outcome = self._attempt(method, path, headers=headers, **options)
            attempts += 1
            delay = delay_after(outcome, attempts) if attempts <= limit else None
            if delay is None or delay > MAX_DELAY_SECONDS:
                return _settled(outcome, method, attempts)
            sleep(delay)

    def read(self, model: type[Model], method: str, path: str, **options: Any) -> Model:
        """Send a request, and return the body of its response."""
        return model.model_validate_json((self.send(method, path, **options)).content)

    def all(
        self, model: type[Page[Item]], path: str, *, at_most: int | None = None, **params: Any
    ) -> list[Item]:
        """The items of all pages of a list, or of as many pages as have `at_most` items."""
        items: list[Item] = []
        cursor: str | None = None
        while at_most is None or len(items) < at_most:
            query = params | ({"cursor": cursor} if cursor else {})
            if at_most is not None:
                query["limit"] = min(at_most - len(items), MAX_PAGE_ITEMS)
            page = self.read(model, "GET", path, params=query)
            items += page.items
            cursor = page.next_cursor
            if cursor is None:
                break
        return items

    def _attempt(
        self, method: str, path: str, *, headers: dict[str, str], **options: Any
    ) -> Outcome:
        try:
            return self.client.request(method, path, headers=self.headers() | headers, **options)
        except httpx.TransportError as error:
            return error


def _settled(outcome: Outcome, method: str, attempts: int) -> httpx.Response:
    """The response, or raise why there is none.

    A repeated DELETE that finds nothing has done its work at an attempt whose response was lost.
    """
    if isinstance(outcome, httpx.TransportError):
        raise outcome
    is_done = method == "DELETE" and attempts > 1 and outcome.status_code == HTTPStatus.NOT_FOUND
    if outcome.is_error and not is_done:
        raise problem_of(outcome)
    return outcome


def new_client(**options: Any) -> httpx.Client:
    """An HTTP client that uses the environment's proxies, except for loopback addresses."""
    mounts = {f"all://{host}": None for host in _LOOPBACK}
    return httpx.Client(mounts=mounts, timeout=TIMEOUT, **options)
