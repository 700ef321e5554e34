"""A token's signature is checked once; its expiry and its key are checked on every use."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import jwt
import pytest
from freezegun import freeze_time
from freezegun.api import FrozenDateTimeFactory
from pydantic import SecretStr

from shared.auth.keys import VerificationKey
from shared.auth.token_cache import VerifiedToken, VerifiedTokens
from shared.auth.users import CLOCK_SKEW_SECONDS, Authenticator, AuthSettings
from shared.errors import Forbidden, Unauthenticated

ISSUER = "http://supabase.test/auth/v1"
LIFETIME_SECONDS = 3600


class Keys:
    """The keys that are good at present, by id."""

    def __init__(self) -> None:
        self.current: dict[str, VerificationKey] = {}
        self.replace("first")

    def replace(self, name: str) -> None:
        """Publish another key under the same id."""
        self.current["main"] = VerificationKey(material=secret(name), algorithm="HS256")

    async def find(self, header: dict[str, Any]) -> VerificationKey:
        """The key a header names."""
        if header["kid"] not in self.current:
            raise jwt.InvalidSignatureError
        return self.current[header["kid"]]


@pytest.fixture
def time() -> Any:
    with freeze_time("2026-11-23 10:00:00", real_asyncio=True) as frozen:
        yield frozen


@pytest.fixture
def keys() -> Keys:
    return Keys()


@pytest.fixture
def authenticator(keys: Keys, time: FrozenDateTimeFactory) -> Authenticator:
    del time
    return Authenticator(settings(), keys)


@pytest.fixture
def verified(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The tokens that were verified in full, in order. `jwt.decode` is wrapped, because no response shows how often."""
    tokens: list[str] = []
    decode = jwt.decode

    def watched(token: str, *arguments: Any, **options: Any) -> dict[str, Any]:
        tokens.append(token)
        return decode(token, *arguments, **options)

    monkeypatch.setattr(jwt, "decode", watched)
    return tokens


def settings() -> AuthSettings:
    return AuthSettings(
        supabase_jwt_secret=SecretStr(secret("first")),
        supabase_jwks_url=None,
        supabase_jwt_issuer=ISSUER,
        supabase_service_role_key=SecretStr("the service key"),
    )


def secret(name: str) -> str:
    return name * 32


def token(time: FrozenDateTimeFactory, user_id: UUID, **claims: Any) -> str:
    now = int(time().timestamp())
    content = {
        "iss": ISSUER,
        "aud": "authenticated",
        "role": "authenticated",
        "sub": str(user_id),
        "iat": now,
        "exp": now + LIFETIME_SECONDS,
    }
    return jwt.encode(content | claims, secret("first"), "HS256", {"kid": "main"})


async def owner(authenticator: Authenticator, token: str) -> UUID | None:
    return (await authenticator.authenticate(f"Bearer {token}")).owner_id


async def test_a_token_is_verified_once(
    authenticator: Authenticator, time: FrozenDateTimeFactory, verified: list[str]
) -> None:
    tokens = {user_id: token(time, user_id) for user_id in (uuid4(), uuid4())}
    for _ in range(3):
        for user_id, each in tokens.items():
            assert await owner(authenticator, each) == user_id
    assert verified == list(tokens.values())


async def test_a_cached_token_expires_to_the_second(
    authenticator: Authenticator, time: FrozenDateTimeFactory
) -> None:
    known = token(time, uuid4())
    await owner(authenticator, known)
    time.tick(timedelta(seconds=LIFETIME_SECONDS + CLOCK_SKEW_SECONDS - 1))
    await owner(authenticator, known)
    time.tick(timedelta(seconds=1))
    with pytest.raises(Unauthenticated, match="expired"):
        await owner(authenticator, known)


async def test_a_clock_that_is_set_back_makes_a_cached_token_not_yet_valid(
    authenticator: Authenticator, time: FrozenDateTimeFactory
) -> None:
    known = token(time, uuid4())
    await owner(authenticator, known)
    time.tick(timedelta(seconds=-60))
    with pytest.raises(Unauthenticated, match="not valid yet"):
        await owner(authenticator, known)


async def test_a_cached_token_is_refused_once_its_key_is_gone(
    authenticator: Authenticator, time: FrozenDateTimeFactory, keys: Keys
) -> None:
    known = token(time, uuid4())
    await owner(authenticator, known)
    keys.current.clear()
    with pytest.raises(Unauthenticated):
        await owner(authenticator, known)


async def test_a_cached_token_of_a_replaced_key_is_refused(
    authenticator: Authenticator, time: FrozenDateTimeFactory, keys: Keys
) -> None:
    known = token(time, uuid4())
    await owner(authenticator, known)
    keys.replace("second")
    with pytest.raises(Unauthenticated, match="signature"):
        await owner(authenticator, known)


async def test_a_token_is_verified_again_after_its_key_was_fetched_again(
    authenticator: Authenticator, time: FrozenDateTimeFactory, keys: Keys, verified: list[str]
) -> None:
    known = token(time, uuid4())
    await owner(authenticator, known)
    keys.replace("first")
    for _ in range(2):
        await owner(authenticator, known)
    assert verified == [known, known]


async def test_a_cached_token_with_changed_claims_is_refused(
    authenticator: Authenticator, time: FrozenDateTimeFactory
) -> None:
    mine, theirs = token(time, uuid4()).split("."), token(time, uuid4()).split(".")
    for each in (mine, theirs):
        await owner(authenticator, ".".join(each))
    with pytest.raises(Unauthenticated, match="signature"):
        await owner(authenticator, ".".join((mine[0], theirs[1], mine[2])))


async def test_each_authenticator_has_its_own_cache(
    authenticator: Authenticator, time: FrozenDateTimeFactory
) -> None:
    known = token(time, uuid4())
    await owner(authenticator, known)
    elsewhere = Keys()
    elsewhere.replace("another project")
    with pytest.raises(Unauthenticated, match="signature"):
        await owner(Authenticator(settings(), elsewhere), known)


async def test_a_token_that_was_refused_is_refused_again(
    authenticator: Authenticator, time: FrozenDateTimeFactory
) -> None:
    other_role = token(time, uuid4(), role="anon")
    for _ in range(2):
        with pytest.raises(Forbidden):
            await owner(authenticator, other_role)


def test_the_cache_keeps_only_the_most_recently_used_tokens() -> None:
    tokens = VerifiedTokens(max_tokens=2)
    entry = VerifiedToken(
        header={},
        key=VerificationKey(material="", algorithm="HS256"),
        user_id=uuid4(),
        verified_at=0,
        expires_at=1,
    )
    for name in ("a", "b"):
        tokens.remember(name, entry)
    tokens.find("a")
    tokens.remember("c", entry)
    assert [name for name in "abc" if tokens.find(name)] == ["a", "c"]
