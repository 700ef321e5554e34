"""A fast path for the two most frequent requests, which skips FastAPI's routing and parameter handling.

A page polls progress once a second, and clients of a busy project retry often. For both, FastAPI costs more than
everything else that the request needs. A fast-path route calls the same function with the same arguments as the FastAPI
route. It takes only requests without a query, and whose headers need no validation; all others, and the documentation,
stay with FastAPI. Removing it would change nothing but the cost.
"""

import re
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match
from starlette.types import Receive, Scope, Send

from api.http.security import caller_of
from api.job_start.starter import job_starter
from api.models import PROJECT_ID_PATTERN
from api.routes.generate import generate
from api.routes.progress import read_progress
from shared.errors import NotFound

Endpoint = Callable[[Request], Awaitable[Response]]

_VALIDATED_HEADER = b"idempotency-key"
_PROJECT_ID = PROJECT_ID_PATTERN.strip("^$")


def fast_path_routes(base_path: str) -> list[BaseRoute]:
    """The routes that are tried before all others."""
    return [
        FastPathRoute("GET", base_path, "/projects/{project_id}/progress", _progress),
        FastPathRoute("POST", base_path, "/projects/{project_id}/generate", _generate),
    ]


class NoSuchPath(BaseRoute):
    """Takes a path that ends with a line feed (%0A), before any other route.

    Starlette's patterns end with `$`, which also matches before a line feed, so another route would take the path.
    """

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Match only such a path."""
        return (Match.FULL if scope.get("path", "").endswith("\n") else Match.NONE), {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Raise NotFound."""
        raise NotFound


class FastPathRoute(BaseRoute):
    """A route to one function. The request log reads its `path`, as it does with FastAPI's routes."""

    def __init__(self, method: str, base_path: str, path: str, endpoint: Endpoint) -> None:
        self.path = path
        self._method = method
        self._endpoint = endpoint
        pattern = path.replace("{project_id}", f"(?P<project_id>{_PROJECT_ID})")
        self._pattern = re.compile(re.escape(base_path) + pattern)

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Match a request that the FastAPI route would match, unless it has a header or a query to validate."""
        if scope["type"] != "http" or scope["method"] != self._method:
            return Match.NONE, {}
        match = self._pattern.fullmatch(scope["path"])
        if (
            not match
            or scope["query_string"]
            or any(name == _VALIDATED_HEADER for name, _ in scope["headers"])
        ):
            return Match.NONE, {}
        return Match.FULL, {"route": self, "path_params": match.groupdict()}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle the request."""
        response = await self._endpoint(Request(scope, receive))
        await response(scope, receive, send)


async def _progress(request: Request) -> Response:
    caller = await caller_of(request)
    known, seen = (request.headers.get(name) for name in ("if-none-match", "last-event-id"))
    return await read_progress(request, request.path_params["project_id"], caller, known, seen)


async def _generate(request: Request) -> Response:
    starter = await job_starter(
        request, await caller_of(request), prefer=request.headers.getlist("prefer") or None
    )
    return await generate(request, request.path_params["project_id"], starter)
