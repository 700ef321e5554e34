"""Users of the library and the tokens that Supabase Auth would give them."""

import time
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import jwt

from tests.support.backend import Backend


@dataclass(frozen=True, kw_only=True)
class User:
    """A signed-in user."""

    id: str
    token: str

    @property
    def headers(self) -> dict[str, str]:
        """The headers that the user's browser sends to the library."""
        return {"Authorization": f"Bearer {self.token}"}


@dataclass(frozen=True, kw_only=True)
class Users:
    """Creates users and tokens, including invalid ones."""

    backend: Backend

    def new(self) -> User:
        """A new user."""
        user_id = str(uuid4())
        return User(id=user_id, token=self.token(sub=user_id))

    def token(self, *, secret: str | None = None, algorithm: str = "HS256", **claims: Any) -> str:
        """A token, valid for an hour unless the given claims change that. A claim that is None is omitted."""
        now = int(time.time())
        defaults = {
            "iss": self.backend.project.jwt_issuer,
            "aud": "authenticated",
            "role": "authenticated",
            "sub": str(uuid4()),
            "iat": now,
            "exp": now + 3600,
        }
        content = {name: value for name, value in (defaults | claims).items() if value is not None}
        return jwt.encode(content, secret or self.backend.keys.jwt_secret, algorithm=algorithm)
