"""Tokens signed with a key pair, whose public half is published."""

import asyncio
import base64
import hmac
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256
from typing import Any
from uuid import uuid4

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from freezegun import freeze_time
from freezegun.api import FrozenDateTimeFactory
from jwt.algorithms import ECAlgorithm, RSAAlgorithm
from pydantic import SecretStr, ValidationError

from shared.auth.users import Authenticator, AuthSettings
from shared.errors import ServiceUnavailable, Unauthenticated

ISSUER = "http://supabase.test/auth/v1"
RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
EC_KEY = ec.generate_private_key(ec.SECP256R1())
USER = str(uuid4())


@dataclass(kw_only=True)
class Publisher:
    """A server that publishes a key set and counts how often it is asked."""

    port: int = 0
    asked: int = 0
    away: bool = False
    keys: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.asked += 1
        await reader.readuntil(b"\r\n\r\n")
        status, content = ("503 Away", {}) if self.away else ("200 OK", {"keys": self.keys})
        body = json.dumps(content).encode()
        head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        writer.write(head.encode() + body)
        await writer.drain()
        writer.close()


@pytest.fixture
def time() -> Any:
    with freeze_time(real_asyncio=True) as frozen:
        yield frozen


@pytest.fixture
async def publisher(time: FrozenDateTimeFactory) -> AsyncIterator[Publisher]:
    publisher = Publisher()
    async with await asyncio.start_server(publisher.answer, "127.0.0.1", 0) as server:
        publisher.port = server.sockets[0].getsockname()[1]
        publisher.keys = [public(RSA_KEY, kid="rsa"), public(EC_KEY, kid="ec")]
        yield publisher


@pytest.fixture
def authenticator(publisher: Publisher) -> Authenticator:
    return Authenticator(
        AuthSettings(
            supabase_jwt_secret=None,
            supabase_jwks_url=f"http://127.0.0.1:{publisher.port}/keys",
            supabase_jwt_issuer=ISSUER,
            supabase_service_role_key=SecretStr("the service key"),
        )
    )


def public(key: Any, **members: str) -> dict[str, Any]:
    if isinstance(key, rsa.RSAPrivateKey):
        described = RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
    else:
        described = ECAlgorithm.to_jwk(key.public_key(), as_dict=True)
    return described | {"use": "sig"} | members


def claims() -> dict[str, Any]:
    return {
        "iss": ISSUER,
        "aud": "authenticated",
        "role": "authenticated",
        "sub": USER,
        "exp": 4_000_000_000,
    }


def token(key: Any, algorithm: str, kid: str | None) -> str:
    return "Bearer " + jwt.encode(claims(), key, algorithm, {"kid": kid} if kid else None)


@pytest.mark.parametrize(
    ("key", "algorithm", "kid"), [(RSA_KEY, "RS256", "rsa"), (EC_KEY, "ES256", "ec")]
)
async def test_a_token_of_a_published_key_names_its_user(
    authenticator: Authenticator, publisher: Publisher, key: Any, algorithm: str, kid: str
) -> None:
    for _ in range(3):
        caller = await authenticator.authenticate(token(key, algorithm, kid))
        assert str(caller.owner_id) == USER
    assert publisher.asked == 1


async def test_a_public_key_is_no_shared_secret(authenticator: Authenticator) -> None:
    pem = RSA_KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    head = encoded({"alg": "HS256", "typ": "JWT", "kid": "rsa"})
    signed = f"{head}.{encoded(claims())}"
    signature = base64.urlsafe_b64encode(hmac.digest(pem, signed.encode(), sha256)).decode()
    with pytest.raises(Unauthenticated, match="algorithm"):
        await authenticator.authenticate(f"Bearer {signed}.{signature.rstrip('=')}")


@pytest.mark.parametrize("key_id", ["rsa", "ec", "unknown"])
async def test_a_token_without_a_signature_is_refused(
    authenticator: Authenticator, key_id: str
) -> None:
    for algorithm in ("none", "None"):
        head = encoded({"alg": algorithm, "typ": "JWT", "kid": key_id})
        with pytest.raises(Unauthenticated):
            await authenticator.authenticate(f"Bearer {head}.{encoded(claims())}.")


async def test_a_signature_of_zeros_is_refused(authenticator: Authenticator) -> None:
    for algorithm, key_id, length in (("ES256", "ec", 64), ("RS256", "rsa", 256)):
        head = encoded({"alg": algorithm, "typ": "JWT", "kid": key_id})
        zeros = base64.urlsafe_b64encode(bytes(length)).decode().rstrip("=")
        with pytest.raises(Unauthenticated, match="signature"):
            await authenticator.authenticate(f"Bearer {head}.{encoded(claims())}.{zeros}")


@pytest.mark.parametrize("key_id", ["rsa", "unknown"])
async def test_a_key_inside_a_token_is_not_used(
    authenticator: Authenticator, publisher: Publisher, key_id: str
) -> None:
    """Nor is an address that it names ever asked (RFC 8725, 3.10)."""
    stranger = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    url = f"http://127.0.0.1:{publisher.port}/strange-keys"
    header = {"kid": key_id, "jwk": public(stranger), "jku": url, "x5u": url}
    signed = jwt.encode(claims(), stranger, "RS256", header)
    for _ in range(3):
        with pytest.raises(Unauthenticated):
            await authenticator.authenticate(f"Bearer {signed}")
    assert publisher.asked == 1


async def test_a_published_secret_verifies_nothing(
    authenticator: Authenticator, publisher: Publisher
) -> None:
    secret = b"x" * 32
    key = base64.urlsafe_b64encode(secret).decode().rstrip("=")
    publisher.keys.append({"kty": "oct", "kid": "oct", "alg": "HS256", "k": key})
    with pytest.raises(Unauthenticated):
        await authenticator.authenticate(token(secret, "HS256", "oct"))


@pytest.mark.parametrize(
    ("algorithm", "kid"), [("RS512", "rsa"), ("PS256", "rsa"), ("RS256", "ec"), ("RS256", None)]
)
async def test_a_key_verifies_its_own_algorithm_only(
    authenticator: Authenticator, algorithm: str, kid: str | None
) -> None:
    with pytest.raises(Unauthenticated):
        await authenticator.authenticate(token(RSA_KEY, algorithm, kid))


async def test_a_token_of_another_key_with_a_known_id_is_refused(
    authenticator: Authenticator,
) -> None:
    stranger = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    with pytest.raises(Unauthenticated, match="signature"):
        await authenticator.authenticate(token(stranger, "RS256", "rsa"))


async def test_unknown_key_ids_do_not_cause_repeated_fetches(
    authenticator: Authenticator, publisher: Publisher, time: FrozenDateTimeFactory
) -> None:
    async def refused(number: int) -> None:
        with pytest.raises(Unauthenticated):
            await authenticator.authenticate(token(RSA_KEY, "RS256", f"unknown-{number}"))

    await asyncio.gather(*(refused(number) for number in range(20)))
    assert publisher.asked == 1
    time.tick(timedelta(seconds=31))
    await asyncio.gather(*(refused(number) for number in range(20)))
    assert publisher.asked == 2


async def test_a_new_key_is_found_when_a_token_names_it(
    authenticator: Authenticator, publisher: Publisher, time: FrozenDateTimeFactory
) -> None:
    await authenticator.authenticate(token(RSA_KEY, "RS256", "rsa"))
    publisher.keys.append(public(RSA_KEY, kid="newer"))
    time.tick(timedelta(seconds=31))
    await authenticator.authenticate(token(RSA_KEY, "RS256", "newer"))
    assert publisher.asked == 2


async def test_a_key_that_is_no_longer_published_is_forgotten(
    authenticator: Authenticator, publisher: Publisher, time: FrozenDateTimeFactory
) -> None:
    await authenticator.authenticate(token(RSA_KEY, "RS256", "rsa"))
    publisher.keys.pop(0)
    time.tick(timedelta(seconds=601))
    with pytest.raises(Unauthenticated):
        await authenticator.authenticate(token(RSA_KEY, "RS256", "rsa"))


async def test_known_keys_stay_valid_while_the_publisher_is_away(
    authenticator: Authenticator, publisher: Publisher, time: FrozenDateTimeFactory
) -> None:
    await authenticator.authenticate(token(RSA_KEY, "RS256", "rsa"))
    publisher.away = True
    time.tick(timedelta(seconds=601))
    await authenticator.authenticate(token(RSA_KEY, "RS256", "rsa"))
    assert publisher.asked == 2


async def test_without_any_key_the_service_is_not_available(
    authenticator: Authenticator, publisher: Publisher, time: FrozenDateTimeFactory
) -> None:
    publisher.away = True
    for _ in range(3):
        with pytest.raises(ServiceUnavailable):
            await authenticator.authenticate(token(RSA_KEY, "RS256", "rsa"))
    assert publisher.asked == 1
    publisher.away = False
    time.tick(timedelta(seconds=6))
    await authenticator.authenticate(token(RSA_KEY, "RS256", "rsa"))


async def test_the_service_key_needs_no_published_key(
    authenticator: Authenticator, publisher: Publisher
) -> None:
    publisher.away = True
    assert (await authenticator.authenticate("Bearer the service key")).is_service


@pytest.mark.parametrize(
    "ways", [{}, {"supabase_jwt_secret": "x" * 32, "supabase_jwks_url": "http://a.test/keys"}]
)
def test_there_is_exactly_one_way_to_verify(
    monkeypatch: pytest.MonkeyPatch, ways: dict[str, Any]
) -> None:
    monkeypatch.delenv("SUPABASE_JWT_SECRET")
    with pytest.raises(ValidationError, match="exactly one"):
        AuthSettings(
            **ways, supabase_jwt_issuer=ISSUER, supabase_service_role_key=SecretStr("a key")
        )


def test_a_secret_that_is_too_short_is_refused() -> None:
    with pytest.raises(ValidationError, match="at least 32"):
        AuthSettings(
            supabase_jwt_secret=SecretStr("too short"),
            supabase_jwt_issuer=ISSUER,
            supabase_service_role_key=SecretStr("a key"),
        )


def encoded(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")
