"""Who is let in to an edge function: Supabase checks that a token is the project's, the library whose it is."""

import base64
import hmac
import json
from typing import Any

import httpx
import pytest

from tests.edge.conftest import Frontend
from tests.library.client import problem
from tests.stack.backend import Backend
from tests.stack.users import Users


async def _refused(http: httpx.AsyncClient, authorization: str) -> None:
    answer = await http.post("start-job", headers={"Authorization": authorization}, json={})
    assert answer.status_code == 401
    assert answer.json() == {"code": 401, "message": "Invalid JWT"}


async def test_a_call_without_a_token_is_refused(http: httpx.AsyncClient) -> None:
    answer = await http.post("start-job", json={})
    assert answer.status_code == 401
    assert answer.json() == {"code": 401, "message": "Missing authorization header"}


@pytest.mark.parametrize(
    "authorization", ["Bearer", "Bearer x", "Bearer a.b.c", "Bearer ..", "Basic dTpw"]
)
async def test_what_is_no_token_is_refused(http: httpx.AsyncClient, authorization: str) -> None:
    await _refused(http, authorization)


async def test_a_token_of_another_project_is_refused(http: httpx.AsyncClient, users: Users) -> None:
    await _refused(http, f"Bearer {users.token(secret='another-secret-' * 4)}")


@pytest.mark.parametrize("claims", [{"exp": 1_600_000_000}, {"exp": None}, {"nbf": 4_000_000_000}])
async def test_a_token_out_of_its_time_is_refused(
    http: httpx.AsyncClient, users: Users, claims: dict[str, Any]
) -> None:
    await _refused(http, f"Bearer {users.token(**claims)}")


def _encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def _with_head(token: str, **head: str) -> str:
    return f"{_encoded(json.dumps(head).encode())}.{token.split('.')[1]}"


async def test_a_token_without_a_signature_is_refused(
    http: httpx.AsyncClient, users: Users
) -> None:
    await _refused(http, f"Bearer {_with_head(users.token(), alg='none')}.")


async def test_another_algorithm_with_the_right_secret_is_refused(
    http: httpx.AsyncClient, users: Users
) -> None:
    await _refused(http, f"Bearer {users.token(algorithm='HS512')}")


async def test_a_head_that_names_another_algorithm_than_it_was_signed_with_is_refused(
    http: httpx.AsyncClient, users: Users, backend: Backend
) -> None:
    signed = _with_head(users.token(), alg="none")
    signature = hmac.digest(backend.keys.jwt_secret.encode(), signed.encode(), "sha256")
    await _refused(http, f"Bearer {signed}.{_encoded(signature)}")


async def test_the_anon_key_passes_supabase_but_not_the_library(
    frontend: Frontend, backend: Backend
) -> None:
    answer = await frontend.start(Authorization=f"Bearer {backend.gateway.anon_key}")
    problem(answer, 401, "unauthenticated")
    assert answer.headers["www-authenticate"] == "Bearer"


async def test_the_service_key_may_start_a_job_on_any_project(
    frontend: Frontend, backend: Backend
) -> None:
    answer = await frontend.start(Authorization=f"Bearer {backend.gateway.service_role_key}")
    assert answer.status_code == 202, answer.text


async def test_a_function_that_does_not_exist_is_not_found(http: httpx.AsyncClient) -> None:
    for name in ("nothing", "_shared", ""):
        answer = await http.post(name)
        assert answer.status_code == 404
        assert answer.json()["code"] == "NOT_FOUND"
