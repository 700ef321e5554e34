"""Secrets of one stack directory, generated once and stored in a file that only its owner may read."""

import secrets
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import jwt

from local.files import read_json, write_json
from local.supabase_api.auth.tokens import access_token

_TEN_YEARS_SECONDS = 10 * 365 * 24 * 3600


@dataclass(frozen=True, kw_only=True)
class Keys:
    """Secrets for signing tokens, logging in to the database and calling internal functions."""

    jwt_secret: str
    internal_secret: str
    admin_password: str
    postgres_password: str
    authenticator_password: str
    developer_password: str
    issued_at: int

    @classmethod
    def generate(cls) -> "Keys":
        """Generates new secrets."""
        return cls(
            jwt_secret=secrets.token_urlsafe(48),
            internal_secret=secrets.token_urlsafe(32),
            admin_password=secrets.token_urlsafe(24),
            postgres_password=secrets.token_urlsafe(24),
            authenticator_password=secrets.token_urlsafe(24),
            developer_password=secrets.token_urlsafe(9),
            issued_at=int(time.time()),
        )

    @classmethod
    def load_or_generate(cls, file: Path) -> "Keys":
        """Reads the directory's secrets; generates and stores those that it does not have."""
        stored: dict[str, Any] = read_json(file) or {}
        keys = cls(**{**asdict(cls.generate()), **stored})
        if asdict(keys) != stored:
            write_json(file, asdict(keys))
        return keys

    def api_key(self, role: str) -> str:
        """Signs the key of a Supabase project for `anon` or `service_role`."""
        claims = {
            "iss": "supabase-local",
            "ref": "local",
            "role": role,
            "iat": self.issued_at,
            "exp": self.issued_at + _TEN_YEARS_SECONDS,
        }
        return jwt.encode(claims, self.jwt_secret, algorithm="HS256")

    def user_token(self, user_id: str, *, issuer: str) -> str:
        """Signs an access token of a user, valid for an hour, without a session."""
        return access_token(user_id, secret=self.jwt_secret, issuer=issuer)
