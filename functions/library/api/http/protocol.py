"""A connection of the library: guarded as those of all functions, and it tells whether its client is still there."""

from functools import partial
from typing import Any

from api.http.disconnects import STATE, connection_is_closed
from api.settings import get_library_settings
from shared.serving.http_protocol import GuardedProtocol


class LibraryProtocol(GuardedProtocol):
    """One connection."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.head_seconds = get_library_settings().slow_head_seconds

    def on_message_begin(self) -> None:
        """A head begins."""
        super().on_message_begin()
        self.scope.setdefault("state", {})[STATE] = partial(connection_is_closed, self.transport)
