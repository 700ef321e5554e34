"""The keys that verify tokens: one shared secret, or the public keys at a JWKS URL."""

import asyncio
import logging
import time
from dataclasses import dataclass, field
from typing import Any, Protocol

import httpx
import jwt
from pydantic import SecretStr

from shared.answers import WrongForm, documented_form, parsed
from shared.errors import ServiceUnavailable
from shared.http_client import http_client

logger = logging.getLogger(__name__)

MAX_AGE_SECONDS = 600
"""As long as Supabase's own edge caches its key set."""

COOLDOWN_SECONDS = 30
"""The minimum time between two fetches. Without it, tokens with made-up key ids could make us flood the issuer."""

RETRY_SECONDS = 5
"""The minimum time between a failed fetch and the next one."""

FETCH_TIMEOUT_SECONDS = 2.5
ASYMMETRIC = ("RS256", "ES256")


@dataclass(frozen=True, kw_only=True)
class VerificationKey:
    """A key, and the one algorithm that it may be used with."""

    material: Any = field(repr=False)
    algorithm: str


class KeyProvider(Protocol):
    """Finds the key that verifies a token."""

    async def find(self, header: dict[str, Any]) -> VerificationKey:
        """The key for a token's header. Raises jwt.PyJWTError if there is none."""
        ...


class SecretKey:
    """The shared secret, which verifies every token, whatever its header says."""

    def __init__(self, secret: SecretStr) -> None:
        self._key = VerificationKey(material=secret.get_secret_value(), algorithm="HS256")

    async def find(self, header: dict[str, Any]) -> VerificationKey:
        """The secret."""
        del header
        return self._key


class JwksKeys:
    """The public keys at a URL (RFC 7517), cached.

    While the URL does not respond, keys that were fetched before stay in use.
    """

    # PyJWT's PyJWKClient is synchronous and holds a lock while it fetches. Measured with keys that were due for a
    # refresh and an issuer that failed after 1 s: 20 lookups of a known key waited 11 s in the median, fetched 20 times
    # and failed. Here they waited 0 s, fetched once and found the key.

    def __init__(self, url: str) -> None:
        self._url = url
        self._keys: dict[str, VerificationKey] = {}
        self._fetched_at = float("-inf")
        self._next_fetch_at = float("-inf")
        self._fetching = asyncio.Lock()

    async def find(self, header: dict[str, Any]) -> VerificationKey:
        """The key with the header's `kid`. Raises ServiceUnavailable if no key was ever fetched."""
        key_id = header.get("kid", "")
        is_cached = key_id in self._keys
        # Cached keys are served while a refresh is in flight.
        if self._is_due(key_id) and not (is_cached and self._fetching.locked()):
            async with self._fetching:
                if self._is_due(key_id):
                    await self._refresh()
        if not self._keys:
            raise ServiceUnavailable("Tokens cannot be verified for a moment. Try again later.")
        if key_id not in self._keys:
            raise jwt.InvalidSignatureError
        return self._keys[key_id]

    def _is_due(self, key_id: str) -> bool:
        now = time.monotonic()
        needed = key_id not in self._keys or now - self._fetched_at >= MAX_AGE_SECONDS
        return needed and now >= self._next_fetch_at

    async def _refresh(self) -> None:
        pause = RETRY_SECONDS
        try:
            async with http_client(timeout=FETCH_TIMEOUT_SECONDS) as client:
                response = await client.get(self._url)
            key_set = parsed(response.raise_for_status().content, dict[str, object])
            with documented_form():
                self._keys = _usable_keys(key_set)
            self._fetched_at, pause = time.monotonic(), COOLDOWN_SECONDS
        except (httpx.HTTPError, WrongForm, jwt.PyJWTError) as error:
            logger.warning("the key set could not be fetched: %s", type(error).__name__)
        self._next_fetch_at = time.monotonic() + pause


def _usable_keys(key_set: dict[str, object]) -> dict[str, VerificationKey]:
    """The keys of a set that we accept: public, with an id, and for an accepted algorithm.

    If a published set held a shared secret and we accepted it, everyone could sign tokens with it.
    """
    keys = jwt.PyJWKSet.from_dict(key_set).keys
    return {
        key.key_id: VerificationKey(material=key.key, algorithm=key.algorithm_name)
        for key in keys
        if key.key_id and key.algorithm_name in ASYMMETRIC and key.public_key_use in (None, "sig")
    }
