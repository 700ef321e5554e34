"""How functions-framework serves our functions; it takes no options for its server."""

from uvicorn_worker import UvicornWorker  # pyright: ignore[reportMissingTypeStubs]

from shared.server import GuardedProtocol


def serve_guarded(protocol: type[GuardedProtocol] = GuardedProtocol) -> None:
    """Make the framework's server use this protocol, and no web sockets."""
    ours = {"http": protocol, "ws": "none"}
    UvicornWorker.CONFIG_KWARGS = {**UvicornWorker.CONFIG_KWARGS, **ours}
