"""Signed URLs: each permits one method on one path until it expires.

<base>/files/<path>?expires=<Unix time>&signature=<HMAC-SHA256 of method, path, expires>
"""

import hmac
import time
from hashlib import sha256
from typing import Literal
from urllib.parse import urlencode

from pydantic import SecretStr

from shared.errors import InvalidUrl
from shared.storage.paths import check_path, is_path

Method = Literal["GET", "PUT"]

# The secret has another use. A key derived for this purpose keeps a signature from being valid there.
_PURPOSE = b"editai signed file urls"


class UrlSigner:
    """Creates and checks signed URLs under `base_url`."""

    def __init__(self, *, base_url: str, secret: SecretStr) -> None:
        self._base_url = base_url.rstrip("/")
        self._key = hmac.digest(secret.get_secret_value().encode(), _PURPOSE, sha256)

    def url(self, method: Method, path: str, *, expires_in_seconds: int) -> str:
        """A URL that permits `method` on `path` until it expires. Raises RuntimeError without a base URL."""
        if not self._base_url:
            raise RuntimeError("PUBLIC_URL is needed to create URLs of files")
        expires = str(int(time.time()) + expires_in_seconds)
        query = urlencode(
            {"expires": expires, "signature": self._signature(method, check_path(path), expires)}
        )
        return f"{self._base_url}/files/{path}?{query}"

    def check(self, method: Method, path: str, *, expires: str, signature: str) -> int:
        """Return the remaining seconds; raise InvalidUrl unless the signature is valid and the URL has not expired."""
        expected = self._signature(method, path, expires)
        if not hmac.compare_digest(expected.encode(), signature.encode()) or not is_path(path):
            raise InvalidUrl("This URL's signature is not valid. Ask for a new URL.")
        remaining = int(expires) - int(time.time())
        if remaining <= 0:
            raise InvalidUrl("This URL has expired. Ask for a new URL.")
        return remaining

    def _signature(self, method: str, path: str, expires: str) -> str:
        message = f"{method}\n{path}\n{expires}".encode()
        return hmac.digest(self._key, message, sha256).hex()
