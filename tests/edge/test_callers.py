"""Who is let in to an edge function: Supabase checks that a token is the project's, the library whose it is."""

import base64
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


async def test_a_token_without_a_signature_is_refused(
    http: httpx.AsyncClient, users: Users
) -> None:
    head = base64.urlsafe_b64encode(json.dumps({"alg": "none"}).encode()).decode().rstrip("=")
    await _refused(http, f"Bearer {head}.{users.token().split('.')[1]}.")


async def test_another_algorithm_with_the_right_secret_is_refused(
    http: httpx.AsyncClient, users: Users
) -> None:
    await _refused(http, f"Bearer {users.token(algorithm='HS512')}")


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
