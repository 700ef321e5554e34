"""How functions-framework serves our functions; it takes no options for its server, nor for its routes."""

from typing import Any

import functions_framework.aio
from starlette.routing import Match, Route
from starlette.types import Scope
from uvicorn_worker import UvicornWorker  # pyright: ignore[reportMissingTypeStubs]

from shared.serving.http_protocol import GuardedProtocol

EVERY_PATH = "/{path:path}"


class EveryRequest(Route):
    """Leaves every path and every method to the function.

    What the framework's own routes do not know, or keep for themselves, it answers in plain text.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.methods = None

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Take a request where this is the function's route for all paths."""
        if scope["type"] != "http" or self.path != EVERY_PATH:
            return Match.NONE, {}
        return Match.FULL, {"endpoint": self.endpoint, "path_params": {}}


def serve_functions(protocol: type[GuardedProtocol] = GuardedProtocol) -> None:
    """Make the framework's server use this protocol and no web sockets, and give the function all requests."""
    ours: dict[str, Any] = {"http": protocol, "ws": "none"}
    UvicornWorker.CONFIG_KWARGS = {**UvicornWorker.CONFIG_KWARGS, **ours}
    setattr(functions_framework.aio, "Route", EveryRequest)  # noqa: B010 - not a name that it exports
