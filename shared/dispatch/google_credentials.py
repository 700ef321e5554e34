"""Access tokens for Google's APIs."""

import asyncio
import threading
from functools import lru_cache
from typing import Any, Protocol

from shared.answers import WrongForm, documented_form

SCOPE = "https://www.googleapis.com/auth/cloud-platform"


class CredentialsUnavailable(Exception):
    """Google gives this process no access token."""


class Credentials(Protocol):
    """What we use of google-auth's credentials."""

    token: str | None

    @property
    def valid(self) -> bool:
        """True until the token expires."""
        ...

    def refresh(self, request: Any) -> None:
        """Fetch a new token."""
        ...


class AccessTokens:
    """The access token of the account that this process runs as, refreshed before it expires.

    google-auth is imported on first use, because most processes never need it.
    """

    def __init__(self) -> None:
        self._credentials: Credentials | None = None
        self._refreshing = threading.Lock()

    async def get(self) -> str:
        """A token that has not expired. Raises CredentialsUnavailable if there is none."""
        credentials = self._credentials
        if credentials is None or not credentials.valid:
            credentials = await asyncio.to_thread(self._refresh)
        if not credentials.token:
            raise CredentialsUnavailable("there is no access token")
        return credentials.token

    def _refresh(self) -> Credentials:
        import google.auth  # noqa: PLC0415
        import google.auth.exceptions  # noqa: PLC0415
        from google.auth.transport.requests import Request  # noqa: PLC0415

        with self._refreshing:
            try:
                with documented_form():
                    credentials = self._credentials or _default_credentials()
                    if not credentials.valid:
                        credentials.refresh(Request())
            except (google.auth.exceptions.GoogleAuthError, WrongForm) as error:
                raise CredentialsUnavailable(type(error).__name__) from None
            self._credentials = credentials
            return credentials


def _default_credentials() -> Credentials:
    import google.auth  # noqa: PLC0415

    return google.auth.default(scopes=[SCOPE])[0]  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]


@lru_cache(maxsize=1)
def get_access_tokens() -> AccessTokens:
    """The process's access tokens."""
    return AccessTokens()
