"""Tokens that have been verified, so that a page that asks once a second has its signature checked once.

What a token says never changes; whether it still counts depends on its key and on the clock. So both are asked anew
each time, and an entry is no more than a signature that need not be computed again.
"""

import time
from collections import OrderedDict
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from uuid import UUID

from shared.auth.keys import VerificationKey

MAX_TOKENS = 4096
"""About 1 kB each. When there are more, the one that was not used for longest goes."""


@dataclass(frozen=True, kw_only=True)
class VerifiedToken:
    """A user's token whose signature and claims were good at `verified_at`. Times are seconds since the epoch.

    `header` is what its key is found by, `key` the one that verified it.
    """

    header: dict[str, Any]
    key: VerificationKey
    user_id: UUID
    verified_at: float
    expires_at: float

    def is_good(self, key: VerificationKey) -> bool:
        """Tell whether it counts now, when `key` is what its header leads to.

        A key set that was fetched again brings new keys, though they may look the same: then it is verified again.
        """
        return key is self.key and self.verified_at <= time.time() < self.expires_at


class VerifiedTokens:
    """A bounded number of verified tokens, by their digests: the memory of a process holds no token."""

    def __init__(self, max_tokens: int = MAX_TOKENS) -> None:
        self._max_tokens = max_tokens
        self._tokens: OrderedDict[bytes, VerifiedToken] = OrderedDict()

    def find(self, token: str) -> VerifiedToken | None:
        """What is known of a token; ask it whether it is still good."""
        digest = _digest(token)
        if known := self._tokens.get(digest):
            self._tokens.move_to_end(digest)
        return known

    def remember(self, token: str, verified: VerifiedToken) -> None:
        """Keep a token that has just been verified, in place of what was known of it."""
        self._tokens[_digest(token)] = verified
        if len(self._tokens) > self._max_tokens:
            self._tokens.popitem(last=False)


def _digest(token: str) -> bytes:
    return sha256(token.encode()).digest()
