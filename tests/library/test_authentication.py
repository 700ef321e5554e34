"""Who is let in, and what the others are told."""

import base64
import json
from typing import Any

import pytest

from tests.library.client import Api, problem
from tests.stack.backend import Backend
from tests.stack.users import Users

NOT_A_KEY = "Send the access token of a signed-in user, not an API key."


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
        ({"iss": "https://other.test/auth/v1"}, "The token was issued by someone else."),
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


async def test_another_algorithm_with_the_right_secret_is_refused(api: Api, users: Users) -> None:
    content = await refused(api, f"Bearer {users.token(algorithm='HS512')}")
    assert "algorithm" in content["detail"]


@pytest.mark.parametrize("token", ["made-up", "a.b.c", "å.ä.ö"])
async def test_what_is_no_token_is_refused(api: Api, token: str) -> None:
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


async def test_the_caller_is_known_before_the_body_is_looked_at(api: Api) -> None:
    answer = await api.http.post("projects", content=b"{", headers={"content-type": "text/x"})
    problem(answer, 401, "unauthenticated")


@pytest.mark.parametrize("path", ["healthz", "readyz", "openapi.json"])
async def test_some_things_are_everyone_s(api: Api, path: str) -> None:
    assert (await api.http.get(path)).status_code == 200
