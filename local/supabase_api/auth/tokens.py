"""Access tokens: what Supabase Auth puts into them, and reading them again."""

import time
from typing import Any
from uuid import UUID

import jwt

from local.supabase_api.auth import errors

LIFETIME_SECONDS = 3600
"""As `jwt_expiry` in supabase/config.toml."""

_ALGORITHM = "HS256"
_AUDIENCE = "authenticated"


def access_token(user_id: str, *, secret: str, issuer: str, **more: Any) -> str:
    """Sign a user's access token. Supabase Auth adds the e-mail address and the session, among others."""
    now = int(time.time())
    claims = {
        "iss": issuer,
        "aud": _AUDIENCE,
        "role": "authenticated",
        "sub": user_id,
        "iat": now,
        "exp": now + LIFETIME_SECONDS,
        **more,
    }
    return jwt.encode(claims, secret, algorithm=_ALGORITHM)


def bearer_claims(authorization: str | None, *, secret: str) -> dict[str, Any]:
    """The claims of a bearer token of this project, whatever its role. Raises AuthError."""
    scheme, _, token = (authorization or "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise errors.NO_BEARER
    try:
        # An API key has no audience.
        return jwt.decode(token, secret, algorithms=[_ALGORITHM], options={"verify_aud": False})
    except jwt.ExpiredSignatureError:
        raise errors.bad_jwt("token has invalid claims: token is expired") from None
    except jwt.InvalidTokenError as error:
        raise errors.bad_jwt(str(error)) from None


def session_of(claims: dict[str, Any]) -> tuple[UUID, UUID | None]:
    """The user and the session of a user's token. A token that `make token` printed has no session."""
    if claims.get("role") != _AUDIENCE:
        raise errors.bad_jwt("missing sub claim")
    try:
        session = claims.get("session_id")
        return UUID(claims["sub"]), UUID(session) if session else None
    except (KeyError, ValueError, TypeError, AttributeError):
        raise errors.bad_jwt("missing sub claim") from None
