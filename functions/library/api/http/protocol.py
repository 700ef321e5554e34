"""The library's HTTP connections: guarded like those of every function, and able to report a client's disconnect."""

from functools import partial
from typing import Any

from api.http.disconnects import STATE, connection_is_closed
from api.settings import get_library_settings
from shared.serving.http_protocol import GuardedProtocol


class LibraryProtocol(GuardedProtocol):
    """One connection of a client."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.head_seconds = get_library_settings().slow_head_seconds

    def on_message_begin(self) -> None:
        """Handle the start of a request's head."""
        super().on_message_begin()
        self.scope.setdefault("state", {})[STATE] = partial(connection_is_closed, self.transport)
