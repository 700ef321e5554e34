"""A cache of verified tokens: a page that polls once a second has its token's signature checked once.

A token's claims never change, but its validity depends on its key and on the clock. Key and expiry are therefore
rechecked on every use; only the signature check is cached.
"""

import time
from collections import OrderedDict
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from uuid import UUID

from shared.auth.keys import VerificationKey

MAX_TOKENS = 4096
"""About 1 kB each. When the cache is full, the least recently used token is evicted."""


@dataclass(frozen=True, kw_only=True)
class VerifiedToken:
    """A user's token whose signature and claims were valid at `verified_at`. Times are seconds since the epoch.

    `header` finds its key; `key` is the one that verified it.
    """

    header: dict[str, Any]
    key: VerificationKey
    user_id: UUID
    verified_at: float
    expires_at: float

    def is_valid(self, key: VerificationKey) -> bool:
        """Tell whether the token is valid now, if its header finds `key`.

        A refetched key set has new key objects, even if the keys are the same. The token is then verified again.
        """
        return key is self.key and self.verified_at <= time.time() < self.expires_at


class VerifiedTokens:
    """A bounded number of verified tokens, keyed by their digests, so that no token is kept in memory."""

    def __init__(self, max_tokens: int = MAX_TOKENS) -> None:
        self._max_tokens = max_tokens
        self._tokens: OrderedDict[bytes, VerifiedToken] = OrderedDict()

    def find(self, token: str) -> VerifiedToken | None:
        """The entry of a token, if there is one; check `is_valid` before using it."""
        digest = _digest(token)
        if cached := self._tokens.get(digest):
            self._tokens.move_to_end(digest)
        return cached

    def remember(self, token: str, verified: VerifiedToken) -> None:
        """Store a token that has just been verified; this replaces an older entry."""
        self._tokens[_digest(token)] = verified
        if len(self._tokens) > self._max_tokens:
            self._tokens.popitem(last=False)


def _digest(token: str) -> bytes:
    return sha256(token.encode()).digest()
