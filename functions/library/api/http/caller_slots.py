"""Limits how many requests of a caller may go on in one process.

A request that waits or streams costs little, but one caller could open any number of them.
"""

from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from uuid import UUID

from shared.auth.users import Caller


class CallerSlots:
    """So many slots for each user, and so many for all callers with the service key together."""

    def __init__(self, *, per_user: int, for_service: int) -> None:
        self._per_user = per_user
        self._for_service = for_service
        self._taken = Counter[UUID | None]()

    def is_free(self, caller: Caller) -> bool:
        """Whether the caller may take another slot."""
        limit = self._for_service if caller.is_service else self._per_user
        return self._taken[caller.owner_id] < limit

    @contextmanager
    def hold(self, caller: Caller) -> Generator[None]:
        """Hold a slot during the block. Ask `is_free` first."""
        self._taken[caller.owner_id] += 1
        try:
            yield
        finally:
            self._taken[caller.owner_id] -= 1
            if not self._taken[caller.owner_id]:
                del self._taken[caller.owner_id]
