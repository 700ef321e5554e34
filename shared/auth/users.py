"""Identifies callers: a user by an access token of Supabase Auth, or the service itself by its key.

Configuration alone decides how tokens are verified. A token's header chooses among the configured keys, never the
algorithm: otherwise a public key could be used as a shared secret (RFC 8725).
"""

import hmac
import time
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from uuid import UUID

import jwt
from pydantic import Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.auth.keys import JwksKeys, KeyProvider, SecretKey, VerificationKey
from shared.auth.token_cache import VerifiedToken, VerifiedTokens
from shared.errors import Forbidden, Unauthenticated
from shared.settings import read_settings

CLOCK_SKEW_SECONDS = 10
"""How far the issuer's clock may differ from ours."""

USER_ROLE = "authenticated"


class AuthSettings(BaseSettings):
    """How tokens are verified: by a shared secret, or by the keys published at a URL."""

    model_config = SettingsConfigDict(frozen=True, env_ignore_empty=True)

    supabase_jwt_secret: SecretStr | None = Field(default=None, min_length=32)
    supabase_jwks_url: str | None = Field(default=None, pattern=r"^https?://")
    supabase_jwt_issuer: str = Field(min_length=1)
    supabase_jwt_audience: str = USER_ROLE
    supabase_service_role_key: SecretStr

    @field_validator("supabase_jwks_url")
    @classmethod
    def _needs_exactly_one(cls, url: str | None, info: ValidationInfo) -> str | None:
        """A validator of the field: pydantic skips a model's validators while any other field is invalid."""
        secret_is_valid = "supabase_jwt_secret" in info.data
        if secret_is_valid and (info.data["supabase_jwt_secret"] is None) == (url is None):
            raise ValueError("set exactly one of SUPABASE_JWT_SECRET and SUPABASE_JWKS_URL")
        return url


@dataclass(frozen=True, kw_only=True)
class Caller:
    """The caller of a request. `owner_id` is the user's id, or None for the service itself."""

    owner_id: UUID | None

    @property
    def is_service(self) -> bool:
        """True for a caller that may touch every project."""
        return self.owner_id is None


class Authenticator:
    """Finds a request's caller by its Authorization header."""

    def __init__(self, settings: AuthSettings, keys: KeyProvider | None = None) -> None:
        self._settings = settings
        self._service_key = settings.supabase_service_role_key.get_secret_value().encode()
        self._keys = keys or _keys(settings)
        self._verified_tokens = VerifiedTokens()

    async def authenticate(self, authorization: str | None) -> Caller:
        """The caller of a request.

        Raises:
            Unauthenticated: there is no token, or it is not valid.
            Forbidden: the token is valid, but its role is not a signed-in user's.
            ServiceUnavailable: the keys could not be fetched.

        """
        token = bearer_token(authorization)
        # Compared first: Supabase's keys name no user and no audience, so they would not verify as user tokens.
        if hmac.compare_digest(token.encode(), self._service_key):
            return Caller(owner_id=None)
        return Caller(owner_id=await self._user_id(token))

    async def _user_id(self, token: str) -> UUID:
        cached = self._verified_tokens.find(token)
        try:
            header = cached.header if cached else jwt.get_unverified_header(token)
            key = await self._keys.find(header)
            if cached and cached.is_valid(key):
                return cached.user_id
            claims = self._verify(token, key)
        except jwt.PyJWTError as error:
            raise Unauthenticated(_explanation(error)) from None
        verified = VerifiedToken(
            header=header,
            key=key,
            user_id=_user_id(claims),
            verified_at=time.time(),
            expires_at=int(claims["exp"]) + CLOCK_SKEW_SECONDS,
        )
        self._verified_tokens.remember(token, verified)
        return verified.user_id

    def _verify(self, token: str, key: VerificationKey) -> dict[str, Any]:
        return jwt.decode(
            token,
            key.material,
            algorithms=[key.algorithm],
            audience=self._settings.supabase_jwt_audience,
            issuer=self._settings.supabase_jwt_issuer,
            leeway=CLOCK_SKEW_SECONDS,
            options={"require": ["exp", "iss", "aud", "sub"]},
        )


def bearer_token(authorization: str | None) -> str:
    """The token of an Authorization header (RFC 6750). Raises Unauthenticated if there is none."""
    scheme, _, token = (authorization or "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Unauthenticated
    return token.strip()


def _keys(settings: AuthSettings) -> KeyProvider:
    if settings.supabase_jwt_secret is not None:
        return SecretKey(settings.supabase_jwt_secret)
    return JwksKeys(settings.supabase_jwks_url or "")


def _user_id(claims: dict[str, Any]) -> UUID:
    if claims.get("role") != USER_ROLE:
        raise Forbidden("This service is for signed-in users; the token has another role.")
    try:
        return UUID(claims["sub"])
    except ValueError:
        raise Unauthenticated("The token does not name a user.") from None


_EXPLANATIONS: tuple[tuple[type[jwt.PyJWTError], str], ...] = (
    (jwt.ExpiredSignatureError, "The token has expired. Sign in again."),
    (jwt.ImmatureSignatureError, "The token is not valid yet."),
    (jwt.InvalidAudienceError, "The token is meant for another audience."),
    (jwt.InvalidIssuerError, "The token was issued by another issuer."),
    (jwt.InvalidAlgorithmError, "The token is signed with an algorithm that is not accepted here."),
    (jwt.InvalidSignatureError, "The token's signature is not valid."),
)


def _explanation(error: jwt.PyJWTError) -> str:
    """Why a token is refused, in our own words: PyJWT's message may quote the token."""
    if isinstance(error, jwt.MissingRequiredClaimError):
        return (
            f"The token has no claim '{error.claim}'. "
            "Send the access token of a signed-in user, not an API key."
        )
    for kind, explanation in _EXPLANATIONS:
        if isinstance(error, kind):
            return explanation
    return "The token cannot be read."


@lru_cache(maxsize=1)
def get_authenticator() -> Authenticator:
    """The process's authenticator."""
    return Authenticator(read_settings(AuthSettings))
