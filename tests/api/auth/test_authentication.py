"""Which tokens the library accepts, and how it refuses the others."""

import base64
import json
from typing import Any

import pytest

from tests.support.backend import Backend
from tests.support.library_client import Api, problem
from tests.support.users import Users

NOT_A_KEY = "Send the access token of a signed-in user, not an API key."


def encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def with_header(token: str, **members: object) -> str:
    """The token with another header, and the signature of the old one."""
    _, payload, signature = token.split(".")
    header = {"alg": "HS256", "typ": "JWT", **members}
    return f"{encoded(json.dumps(header).encode())}.{payload}.{signature}"


async def refused(api: Api, authorization: str | None) -> dict[str, Any]:
    headers = {} if authorization is None else {"Authorization": authorization}
    answer = await api.http.get("projects", headers=headers)
    assert answer.headers["www-authenticate"] == "Bearer"
    return problem(answer, 401, "unauthenticated")


@pytest.mark.parametrize("authorization", [None, "", "Bearer", "Bearer ", "Basic dXNlcjpwdw=="])
async def test_a_call_without_a_token_is_told_how_to_send_one(
    api: Api, authorization: str | None
) -> None:
    content = await refused(api, authorization)
    assert content["detail"] == "Send a valid access token as 'Authorization: Bearer <token>'."


@pytest.mark.parametrize(
    ("claims", "detail"),
    [
        ({"exp": 1_600_000_000}, "The token has expired. Sign in again."),
        ({"nbf": 4_000_000_000}, "The token is not valid yet."),
        ({"aud": "someone"}, "The token is meant for another audience."),
        ({"iss": "https://other.test/auth/v1"}, "The token was issued by another issuer."),
        ({"sub": "not a uuid"}, "The token does not name a user."),
        *(
            (
                {claim: None},
                f"The token has no claim '{claim}'. {NOT_A_KEY}",
            )
            for claim in ("exp", "iss", "aud", "sub")
        ),
    ],
)
async def test_a_token_with_a_wrong_claim_is_refused(
    api: Api, users: Users, claims: dict[str, Any], detail: str
) -> None:
    content = await refused(api, f"Bearer {users.token(**claims)}")
    assert content["detail"] == detail


async def test_a_token_signed_with_another_secret_is_refused(api: Api, users: Users) -> None:
    content = await refused(api, f"Bearer {users.token(secret='another-secret-' * 4)}")
    assert content["detail"] == "The token's signature is not valid."


async def test_a_token_without_a_signature_is_refused(api: Api, users: Users) -> None:
    payload = users.token().split(".")[1]
    head = base64.urlsafe_b64encode(json.dumps({"alg": "none", "typ": "JWT"}).encode()).decode()
    content = await refused(api, f"Bearer {head.rstrip('=')}.{payload}.")
    assert "algorithm" in content["detail"]


@pytest.mark.parametrize("algorithm", ["None", "nOnE", "", "HS265", 1, None, ["HS256"], {}])
async def test_a_token_with_an_unknown_algorithm_is_refused(
    api: Api, users: Users, algorithm: object
) -> None:
    await refused(api, f"Bearer {with_header(users.token(), alg=algorithm)}")


@pytest.mark.parametrize(
    "header",
    [
        {"kid": 1},
        {"kid": None},
        {"kid": {"a": "b"}},
        {"kid": "../../../dev/null"},
        {"kid": "' or true --"},
        {"crit": ["exp"]},
        {"b64": False, "crit": ["b64"]},
        {"typ": ["JWT"]},
        {"zip": "DEF"},
        {"jwk": {"kty": "oct", "k": "AAAA"}},
        {"jku": "http://127.0.0.1:9/keys"},
    ],
    ids=str,
)
async def test_a_header_that_was_changed_is_refused(
    api: Api, users: Users, header: dict[str, object]
) -> None:
    await refused(api, f"Bearer {with_header(users.token(), **header)}")


@pytest.mark.parametrize("nested", ["[", '{"a":'])
@pytest.mark.parametrize("depth", [2_000, 6_000])
async def test_a_deeply_nested_token_header_is_refused(
    api: Api, users: Users, nested: str, depth: int
) -> None:
    deep = f'{{"alg": "HS256", "x": {nested * depth}'.encode()
    _, payload, signature = users.token().split(".")
    await refused(api, f"Bearer {encoded(deep)}.{payload}.{signature}")


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": "soon"},
        {"exp": float("inf")},
        {"exp": 1e300, "nbf": 1e300},
        {"nbf": float("inf")},
        {"iat": "now"},
        {"iat": float("inf")},
        {"aud": ["someone"]},
        {"aud": 5},
        {"aud": {"authenticated": True}},
        {"sub": 5},
        {"sub": ["a"]},
        {"sub": ""},
        {"sub": f"{'0' * 32} or true"},
    ],
    ids=str,
)
async def test_a_claim_of_the_wrong_type_is_refused(
    api: Api, users: Users, claims: dict[str, Any]
) -> None:
    """Even one that our own issuer signs, by mistake."""
    await refused(api, f"Bearer {users.token(**claims)}")


async def test_a_huge_token_is_refused(api: Api, users: Users) -> None:
    token = users.token(secret="another-secret-" * 4, filler="x" * 40_000)
    await refused(api, f"Bearer {token}")
    await refused(api, f"Bearer {'a' * 50_000}")


@pytest.mark.parametrize("other", ["", "Bearer made-up", "Basic dXNlcjpwdw=="])
async def test_two_authorization_headers_are_refused(api: Api, users: Users, other: str) -> None:
    """A proxy may look at the one and we at the other (RFC 9110, 5.3: the field is no list)."""
    ours = f"Bearer {users.token()}"
    for values in ((ours, other), (other, ours), (ours, ours)):
        headers = [("Authorization", value) for value in values]
        answer = await api.http.get("projects", headers=headers)
        content = problem(answer, 401, "unauthenticated")
        assert content["detail"] == "Send one Authorization header."


async def test_two_tokens_in_one_header_are_refused(api: Api, users: Users) -> None:
    await refused(api, f"Bearer {users.token()}, Bearer {users.token()}")


async def test_a_token_is_taken_from_its_header_alone(api: Api, users: Users) -> None:
    token = users.token()
    places: tuple[dict[str, Any], ...] = (
        {"params": {"access_token": token}},
        {"headers": {"Cookie": f"access_token={token}"}},
        {"headers": {"X-Forwarded-Authorization": f"Bearer {token}"}},
    )
    for place in places:
        problem(await api.http.get("projects", **place), 401, "unauthenticated")


async def test_another_algorithm_with_the_right_secret_is_refused(api: Api, users: Users) -> None:
    content = await refused(api, f"Bearer {users.token(algorithm='HS512')}")
    assert "algorithm" in content["detail"]


@pytest.mark.parametrize("token", ["made-up", "a.b.c", "å.ä.ö"])
async def test_an_invalid_token_is_refused(api: Api, token: str) -> None:
    answer = await api.http.get(
        "projects", headers=[(b"authorization", f"Bearer {token}".encode())]
    )
    assert problem(answer, 401, "unauthenticated")["detail"] == "The token cannot be read."


@pytest.mark.parametrize("role", ["anon", "service_role", "supabase_admin", None])
async def test_a_token_of_another_role_is_forbidden(
    api: Api, users: Users, role: str | None
) -> None:
    headers = {"Authorization": f"Bearer {users.token(role=role)}"}
    problem(await api.http.get("projects", headers=headers), 403, "forbidden")


async def test_the_anonymous_key_is_no_user(api: Api, backend: Backend) -> None:
    content = await refused(api, f"Bearer {backend.gateway.anon_key}")
    assert "not an API key" in content["detail"]


async def test_the_service_key_opens_every_project(api: Api, service: Api) -> None:
    project_id = await api.new_project()
    assert (await service.get(f"projects/{project_id}")).status_code == 200
    listed = (await service.get("projects")).json()["items"]
    assert [project["id"] for project in listed] == [project_id]


async def test_the_token_is_checked_before_the_body_is_read(api: Api) -> None:
    answer = await api.http.post("projects", content=b"{", headers={"content-type": "text/x"})
    problem(answer, 401, "unauthenticated")


@pytest.mark.parametrize("path", ["healthz", "readyz", "openapi.json"])
async def test_public_paths_need_no_token(api: Api, path: str) -> None:
    assert (await api.http.get(path)).status_code == 200
