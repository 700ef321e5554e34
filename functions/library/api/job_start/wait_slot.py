"""Limits how many requests of a caller may wait in one process, and detects when a waiting client has left.

A waiting request polls the database. Without a limit, one caller's waiting requests could take all of its time.
"""

from collections import Counter
from collections.abc import Callable, Generator
from contextlib import contextmanager
from uuid import UUID

from starlette.requests import Request

from api.http.disconnects import STATE
from shared.auth.users import Caller

MAX_WAITING_PER_USER = 5
MAX_WAITING_FOR_SERVICE = 50

_waiting = Counter[UUID | None]()


@contextmanager
def wait_slot(caller: Caller) -> Generator[bool]:
    """Hold a wait slot during the block. Yields False if the caller's other requests hold them all."""
    owner_id = caller.owner_id
    if _waiting[owner_id] >= (
        MAX_WAITING_FOR_SERVICE if caller.is_service else MAX_WAITING_PER_USER
    ):
        yield False
        return
    _waiting[owner_id] += 1
    try:
        yield True
    finally:
        _waiting[owner_id] -= 1
        if not _waiting[owner_id]:
            del _waiting[owner_id]


def client_disconnected(request: Request) -> Callable[[], bool]:
    """A function that returns whether the client has disconnected; always False under a server without this check."""
    return getattr(request.state, STATE, lambda: False)
