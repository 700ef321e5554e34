"""Signs a user in with Supabase Auth by email and password, and keeps the access token valid.

Source: Supabase Auth's API, POST /auth/v1/token with the grant types password and refresh_token.
"""

import time
from collections.abc import Callable
from typing import Any, Self

import httpx
from pydantic import BaseModel, ConfigDict

from editai_client._sync.http import new_client

REFRESH_MARGIN_SECONDS = 60


class SignInFailed(Exception):
    """Supabase Auth refused the password, or the session has ended."""


class Grant(BaseModel):
    """What Supabase Auth issues. `expires_at` is in Unix time."""

    model_config = ConfigDict(frozen=True)

    access_token: str
    refresh_token: str
    expires_at: float


class SupabaseSession:
    """A signed-in user. Its method `token` is a token for a client: LibraryClient(url, session.token)."""

    def __init__(
        self,
        url: str,
        anon_key: str,
        grant: Grant,
        *,
        on_refresh: Callable[[Grant], None] | None = None,
    ) -> None:
        self.url = url
        self.anon_key = anon_key
        self.grant = grant
        self._on_refresh = on_refresh

    @classmethod
    def sign_in(cls, url: str, anon_key: str, *, email: str, password: str) -> Self:
        """Sign in. `url` is that of the Supabase project. Raises SignInFailed, httpx.TransportError."""
        credentials = {"email": email, "password": password}
        return cls(url, anon_key, _request(url, anon_key, "password", credentials))

    def token(self) -> str:
        """An access token that is valid for at least a minute. Raises SignInFailed, httpx.TransportError."""
        if self.grant.expires_at - time.time() < REFRESH_MARGIN_SECONDS:
            body = {"refresh_token": self.grant.refresh_token}
            self.grant = _request(self.url, self.anon_key, "refresh_token", body)
            if self._on_refresh:
                self._on_refresh(self.grant)
        return self.grant.access_token


def _request(url: str, anon_key: str, grant_type: str, body: dict[str, str]) -> Grant:
    with new_client() as http:
        response = http.post(
            f"{url.rstrip('/')}/auth/v1/token",
            params={"grant_type": grant_type},
            headers={"apikey": anon_key},
            json=body,
        )
    if response.is_error:
        raise SignInFailed(_reason(response))
    return Grant.model_validate_json(response.content)


def _reason(response: httpx.Response) -> str:
    try:
        members: dict[str, Any] = response.json()
    except ValueError:
        members = {}
    told = next((members[name] for name in ("msg", "error_description") if name in members), None)
    return told or f"Supabase Auth responded with HTTP {response.status_code}."
