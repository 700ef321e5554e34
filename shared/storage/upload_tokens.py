"""Upload tokens of a local directory: each permits the upload of one new file until it expires.

They have the form of Supabase Storage's signed upload tokens: a JWT with the file's bucket and path as `url`.
"""

from hashlib import sha256
from hmac import digest
from typing import Any

import jwt
from pydantic import SecretStr

_ALGORITHM = "HS256"
# The secret has other uses. A key derived for this purpose keeps a token from being valid there.
_PURPOSE = b"editai resumable uploads"


class InvalidUploadToken(ValueError):
    """The token is forged, expired, or permits the upload of another file. The message says which."""


class UploadTokens:
    """Creates and checks the tokens of one bucket."""

    def __init__(self, *, bucket: str, secret: SecretStr) -> None:
        self.bucket = bucket
        self._key = digest(secret.get_secret_value().encode(), _PURPOSE, sha256)

    def create(self, path: str, *, expires_at: int) -> str:
        """A token that permits the upload of a file to `path` until `expires_at`, in Unix time."""
        claims = {"url": self._url(path), "upsert": False, "exp": expires_at}
        return jwt.encode(claims, self._key, algorithm=_ALGORITHM)

    def check(self, token: str, path: str) -> int:
        """The Unix time at which the token expires. Raises InvalidUploadToken unless it permits this upload now."""
        try:
            claims: dict[str, Any] = jwt.decode(
                token, self._key, algorithms=[_ALGORITHM], options={"require": ["exp", "url"]}
            )
        except jwt.ExpiredSignatureError:
            raise InvalidUploadToken('"exp" claim timestamp check failed') from None
        except jwt.InvalidTokenError:
            raise InvalidUploadToken("signature verification failed") from None
        if claims["url"] != self._url(path):
            raise InvalidUploadToken("Invalid signature")
        return int(claims["exp"])

    def _url(self, path: str) -> str:
        return f"{self.bucket}/{path}"
