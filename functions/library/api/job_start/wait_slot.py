"""Requests that wait: a few of each caller in a process, and only while someone waits for their answer.

A request that waits asks the database again and again, so whoever may have any number of them has all of its time.
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
    """A place to wait in during the block; False when the caller's other requests have them all."""
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
    """What tells whether nobody waits for the answer any more; never, under a server that does not say so."""
    return getattr(request.state, STATE, lambda: False)
