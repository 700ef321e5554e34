"""Limits how many requests of a caller may wait in one process, and detects when a waiting client has left.

A waiting request polls the database. Without a limit, one caller's waiting requests could take all of its time.
"""

from collections.abc import Callable, Generator
from contextlib import contextmanager

from starlette.requests import Request

from api.http.caller_slots import CallerSlots
from api.http.disconnects import STATE
from shared.auth.users import Caller

MAX_WAITING_PER_USER = 5
MAX_WAITING_FOR_SERVICE = 50

_waiting = CallerSlots(per_user=MAX_WAITING_PER_USER, for_service=MAX_WAITING_FOR_SERVICE)


@contextmanager
def wait_slot(caller: Caller) -> Generator[bool]:
    """Hold a wait slot during the block. Yields False if the caller's other requests hold them all."""
    if not _waiting.is_free(caller):
        yield False
        return
    with _waiting.hold(caller):
        yield True


def client_disconnected(request: Request) -> Callable[[], bool]:
    """A function that returns whether the client has disconnected; always False under a server without this check."""
    return getattr(request.state, STATE, lambda: False)
