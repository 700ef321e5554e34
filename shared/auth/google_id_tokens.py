"""Verification of Google's ID tokens, which Cloud Tasks and Cloud Scheduler present to private functions."""

from functools import lru_cache
from typing import Any, Literal

import jwt
from pydantic import Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.auth.keys import JwksKeys, KeyProvider
from shared.errors import Forbidden, Unauthenticated
from shared.settings import read_settings

ISSUERS = ("https://accounts.google.com", "accounts.google.com")
CLOCK_SKEW_SECONDS = 10
REMOVED_SIGNATURE = "SIGNATURE_REMOVED_BY_GOOGLE"


class CallerSettings(BaseSettings):
    """Which service account may call a private function with a Google ID token; none may if no audience is set."""

    model_config = SettingsConfigDict(frozen=True, env_ignore_empty=True)

    google_oidc_audience: str = ""
    """The audience that the token must name: this function's own URL."""
    google_oidc_service_account: str = ""
    """The e-mail address of the one service account that may call."""
    ingress_settings: Literal["", "all", "internal-and-gclb", "internal-only"] = ""
    """From where the platform lets requests reach this function, as it is deployed."""
    google_oidc_signature_removed: bool = False
    """True behind Cloud Run's own check, which verifies the signature and then removes it from the token.

    Only with `ingress_settings` internal-only: where strangers reach the function, nothing would tell their tokens from
    verified ones should that check be off.
    """
    internal_secret: SecretStr | None = Field(default=None, min_length=16, validate_default=True)
    """What callers present if no audience is set."""
    google_jwks_url: str = Field(
        default="https://www.googleapis.com/oauth2/v3/certs", pattern=r"^https?://"
    )

    @field_validator("google_oidc_service_account")
    @classmethod
    def _needs_both_or_neither(cls, account: str, info: ValidationInfo) -> str:
        if bool(info.data["google_oidc_audience"]) != bool(account):
            raise ValueError("set GOOGLE_OIDC_AUDIENCE and GOOGLE_OIDC_SERVICE_ACCOUNT, or neither")
        return account

    @field_validator("google_oidc_signature_removed")
    @classmethod
    def _only_inside(cls, removed: bool, info: ValidationInfo) -> bool:
        if removed and info.data.get("ingress_settings") != "internal-only":
            raise ValueError("needs INGRESS_SETTINGS=internal-only")
        return removed

    @field_validator("internal_secret")
    @classmethod
    def _authenticates_without_tokens(
        cls, secret: SecretStr | None, info: ValidationInfo
    ) -> SecretStr | None:
        if secret is None and not info.data.get("google_oidc_audience"):
            raise ValueError("set it, or GOOGLE_OIDC_AUDIENCE")
        return secret


class IdTokenVerifier:
    """Verifies the ID token that Cloud Tasks or Cloud Scheduler presents.

    Source: https://developers.google.com/identity/openid-connect/openid-connect#validatinganidtoken
    """

    def __init__(self, settings: CallerSettings, keys: KeyProvider | None = None) -> None:
        self._settings = settings
        self._keys = keys or JwksKeys(settings.google_jwks_url)

    async def verify(self, token: str) -> None:
        """Accept a token of the one service account that may call.

        Raises:
            Unauthenticated: the token was not issued by Google, is not for this function, or has expired.
            Forbidden: it belongs to another account.
            ServiceUnavailable: Google's keys could not be fetched.

        """
        try:
            claims = await self._claims(token)
        except jwt.PyJWTError:
            raise Unauthenticated("The token is not a valid ID token for this function.") from None
        if (
            claims.get("email") != self._settings.google_oidc_service_account
            or claims.get("email_verified") is not True
        ):
            raise Forbidden("This account may not call this function.")

    async def _claims(self, token: str) -> dict[str, Any]:
        checks: dict[str, Any] = {
            "audience": self._settings.google_oidc_audience,
            "issuer": ISSUERS,
            "leeway": CLOCK_SKEW_SECONDS,
        }
        required = ["exp", "iat", "iss", "aud", "email"]
        if self._settings.google_oidc_signature_removed and token.endswith(f".{REMOVED_SIGNATURE}"):
            # https://cloud.google.com/run/docs/authenticating/service-to-service
            claim_checks = {f"verify_{claim}": True for claim in ("exp", "iat", "aud", "iss")}
            options: Any = {"verify_signature": False, "require": required, **claim_checks}
            return jwt.decode(token, options=options, **checks)
        key = await self._keys.find(jwt.get_unverified_header(token))
        return jwt.decode(
            token,
            key.material,
            algorithms=[key.algorithm],
            options={"require": required},
            **checks,
        )


@lru_cache(maxsize=1)
def get_id_token_verifier() -> IdTokenVerifier | None:
    """The process's verifier; None if callers present the internal secret instead."""
    settings = read_settings(CallerSettings)
    return IdTokenVerifier(settings) if settings.google_oidc_audience else None
