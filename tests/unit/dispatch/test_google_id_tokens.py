"""Which Google accounts may call a private function with an ID token."""

import time
from typing import Any

import pytest

from shared.auth.google_id_tokens import CallerSettings, IdTokenVerifier
from shared.errors import Forbidden, ServiceUnavailable, Unauthenticated
from shared.settings import MissingSettings, read_settings
from tests.unit.dispatch.conftest import ACCOUNT
from tests.unit.dispatch.google import Google

AUDIENCE = "https://worker.example"
REMOVED = "SIGNATURE_REMOVED_BY_GOOGLE"


def verifier(google: Google, *, signature_removed: bool = False) -> IdTokenVerifier:
    settings = CallerSettings(
        google_oidc_audience=AUDIENCE,
        google_oidc_service_account=ACCOUNT,
        google_oidc_signature_removed=signature_removed,
        ingress_settings="internal-only" if signature_removed else "all",
        google_jwks_url=f"{google.url}/certs",
    )
    return IdTokenVerifier(settings)


def without_signature(token: str) -> str:
    """The token as Cloud Run forwards it after its own check."""
    return f"{token.rpartition('.')[0]}.{REMOVED}"


async def test_the_queues_account_may_call(google: Google) -> None:
    await verifier(google).verify(google.id_token())
    await verifier(google).verify(google.id_token(iss="accounts.google.com"))


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://accounts.example"},
        {"aud": "https://other.example"},
        {"exp": int(time.time()) - 60},
        {"exp": None},
        {"iat": int(time.time()) + 86_400},
        {"email": None},
    ],
    ids="-".join,
)
@pytest.mark.parametrize("signature_removed", [False, True], ids=["signed", "removed"])
async def test_a_token_with_a_wrong_claim_is_refused(
    google: Google, claims: dict[str, Any], signature_removed: bool
) -> None:
    token = google.id_token(**claims)
    if signature_removed:
        token = without_signature(token)

    with pytest.raises(Unauthenticated):
        await verifier(google, signature_removed=signature_removed).verify(token)


@pytest.mark.parametrize(
    "claims",
    [
        {"email": "someone@reel-project.iam.gserviceaccount.com"},
        {"email_verified": False},
        {"email_verified": None},
        {"email_verified": "true"},
    ],
)
@pytest.mark.parametrize("signature_removed", [False, True], ids=["signed", "removed"])
async def test_another_account_is_forbidden(
    google: Google, claims: dict[str, Any], signature_removed: bool
) -> None:
    token = google.id_token(**claims)
    if signature_removed:
        token = without_signature(token)

    with pytest.raises(Forbidden):
        await verifier(google, signature_removed=signature_removed).verify(token)


async def test_a_token_signed_by_another_key_is_refused(google: Google) -> None:
    other = Google()

    with pytest.raises(Unauthenticated):
        await verifier(google).verify(google.id_token(key=other.key))


async def test_a_removed_signature_is_accepted_only_behind_cloud_run(
    google: Google,
) -> None:
    token = without_signature(google.id_token())

    await verifier(google, signature_removed=True).verify(token)
    with pytest.raises(Unauthenticated):
        await verifier(google).verify(token)


@pytest.mark.parametrize("ingress", ["", "all", "internal-and-gclb"])
def test_a_function_that_strangers_reach_does_not_start_if_it_believes_tokens_without_signature(
    monkeypatch: pytest.MonkeyPatch, ingress: str
) -> None:
    monkeypatch.setenv("GOOGLE_OIDC_AUDIENCE", AUDIENCE)
    monkeypatch.setenv("GOOGLE_OIDC_SERVICE_ACCOUNT", ACCOUNT)
    monkeypatch.setenv("GOOGLE_OIDC_SIGNATURE_REMOVED", "true")
    monkeypatch.setenv("INGRESS_SETTINGS", ingress)
    with pytest.raises(MissingSettings, match="needs INGRESS_SETTINGS=internal-only"):
        read_settings(CallerSettings)
    monkeypatch.setenv("INGRESS_SETTINGS", "internal-only")
    assert read_settings(CallerSettings).google_oidc_signature_removed


def test_a_private_function_needs_a_secret_or_google(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("INTERNAL_SECRET", raising=False)
    with pytest.raises(MissingSettings, match=r"INTERNAL_SECRET \(set it, or GOOGLE"):
        read_settings(CallerSettings)
    monkeypatch.setenv("GOOGLE_OIDC_AUDIENCE", AUDIENCE)
    monkeypatch.setenv("GOOGLE_OIDC_SERVICE_ACCOUNT", ACCOUNT)
    assert read_settings(CallerSettings).internal_secret is None


async def test_a_signature_that_is_present_is_checked_behind_cloud_run_too(google: Google) -> None:
    other = Google()

    with pytest.raises(Unauthenticated):
        await verifier(google, signature_removed=True).verify(google.id_token(key=other.key))


async def test_the_keys_are_fetched_once(google: Google) -> None:
    id_tokens = verifier(google)
    for _ in range(3):
        await id_tokens.verify(google.id_token())

    assert google.requests == ["/certs"]


async def test_without_googles_keys_the_error_allows_a_retry(google: Google) -> None:
    token = google.id_token()
    google.url = "http://127.0.0.1:9"

    with pytest.raises(ServiceUnavailable):
        await verifier(google).verify(token)


def test_an_audience_without_an_account_is_refused_at_the_start(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("GOOGLE_OIDC_AUDIENCE", AUDIENCE)

    with pytest.raises(MissingSettings, match="GOOGLE_OIDC_SERVICE_ACCOUNT"):
        read_settings(CallerSettings)
