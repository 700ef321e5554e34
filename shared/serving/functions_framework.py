"""Configures how functions-framework serves the functions. It has no options for its server or its routes."""

from functools import partial
from typing import Any

import functions_framework.aio
from starlette.applications import Starlette
from starlette.routing import Match, Route
from starlette.types import Scope
from uvicorn_worker import UvicornWorker  # pyright: ignore[reportMissingTypeStubs]

from shared.serving.ending import ends_gracefully
from shared.serving.hidden_process import hide_process
from shared.serving.http_protocol import GuardedProtocol

EVERY_PATH = "/{path:path}"


class EveryRequest(Route):
    """Routes every path and every method to the function.

    Without this, the framework responds in plain text to paths and methods that its own routes reserve or do not match.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.methods = None

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Match every HTTP request if this is the function's catch-all route, otherwise none."""
        if scope["type"] != "http" or self.path != EVERY_PATH:
            return Match.NONE, {}
        return Match.FULL, {"endpoint": self.endpoint, "path_params": {}}


def serve_functions(protocol: type[GuardedProtocol] = GuardedProtocol) -> None:
    """Make the framework's server use this protocol, without web sockets, and route all requests to the function.

    Its processes end gracefully, and hide their secrets.
    """
    hide_process()
    options: dict[str, Any] = {"http": protocol, "ws": "none"}
    UvicornWorker.CONFIG_KWARGS = {**UvicornWorker.CONFIG_KWARGS, **options}
    setattr(functions_framework.aio, "Route", EveryRequest)  # noqa: B010 - not a name that it exports
    graceful = partial(Starlette, lifespan=ends_gracefully)
    setattr(functions_framework.aio, "Starlette", graceful)  # noqa: B010 - likewise
