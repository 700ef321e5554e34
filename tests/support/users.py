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
        """What the user's browser sends to the library."""
        return {"Authorization": f"Bearer {self.token}"}


@dataclass(frozen=True, kw_only=True)
class Users:
    """Makes users, and tokens that are as wrong as a test wants them."""

    backend: Backend

    def new(self) -> User:
        """A user nobody has seen before."""
        user_id = str(uuid4())
        return User(id=user_id, token=self.token(sub=user_id))

    def token(self, *, secret: str | None = None, algorithm: str = "HS256", **claims: Any) -> str:
        """A token valid for an hour, changed by the claims given; a claim that is None is left out."""
        now = int(time.time())
        usual = {
            "iss": self.backend.project.jwt_issuer,
            "aud": "authenticated",
            "role": "authenticated",
            "sub": str(uuid4()),
            "iat": now,
            "exp": now + 3600,
        }
        content = {name: value for name, value in (usual | claims).items() if value is not None}
        return jwt.encode(content, secret or self.backend.keys.jwt_secret, algorithm=algorithm)
