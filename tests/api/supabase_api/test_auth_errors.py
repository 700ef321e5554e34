"""Requests to Auth that supabase-js never sends, and the older form of its errors."""

import asyncio
from typing import Any
from uuid import uuid4

import httpx
import pytest

from local.supabase_api.auth.accounts import Accounts, Session
from local.supabase_api.auth.errors import AuthError
from tests.support.backend import Backend

TOKEN = "/auth/v1/token"


@pytest.mark.parametrize(
    ("grant", "body", "code", "message"),
    [
        ("password", b"{", "bad_json", "Could not parse request body as JSON"),
        ("password", b"[]", "bad_json", "Could not parse request body as JSON"),
        ("password", b"[" * 100_000, "bad_json", "Could not parse request body as JSON"),
        ("password", b"{}", "validation_failed", "missing email or phone"),
        ("password", b'{"email": "a@b.c"}', "validation_failed", "password is required"),
        (
            "password",
            b'{"email": "a@b.c", "password": 1}',
            "validation_failed",
            "password is required",
        ),
        (
            "password",
            b'{"email": "a\\u0000@b.c", "password": "x"}',
            "validation_failed",
            "email is required",
        ),
        ("refresh_token", b"{}", "validation_failed", "refresh_token is required"),
        ("pkce", b"{}", "invalid_credentials", "unsupported_grant_type"),
    ],
)
async def test_a_sign_in_that_cannot_be_read(
    services: httpx.AsyncClient, grant: str, body: bytes, code: str, message: str
) -> None:
    answer = await services.post(TOKEN, params={"grant_type": grant}, content=body)
    assert (answer.status_code, answer.json()) == (
        400,
        {"code": 400, "error_code": code, "msg": message},
    )
    newer = {"x-supabase-api-version": "2024-01-01"}
    answer = await services.post(TOKEN, params={"grant_type": grant}, content=body, headers=newer)
    assert answer.json() == {"code": code, "message": message}
    assert answer.headers["x-supabase-api-version"] == "2024-01-01"


@pytest.mark.parametrize(
    ("authorization", "status", "code"),
    [
        ("", 401, "no_authorization"),
        ("Basic x", 401, "no_authorization"),
        ("Bearer x", 403, "bad_jwt"),
    ],
)
async def test_a_user_is_told_to_the_bearer_of_a_token_alone(
    services: httpx.AsyncClient, authorization: str, status: int, code: str
) -> None:
    answer = await services.get("/auth/v1/user", headers={"Authorization": authorization})
    assert (answer.status_code, answer.json()["error_code"]) == (status, code)


async def test_a_key_of_the_project_is_no_user(
    services: httpx.AsyncClient, backend: Backend
) -> None:
    for key in (backend.gateway.anon_key, backend.gateway.service_role_key):
        answer = await services.get("/auth/v1/user", headers={"Authorization": f"Bearer {key}"})
        assert answer.json()["error_code"] == "bad_jwt"


@pytest.mark.parametrize("headers", [{}, {"apikey": "x"}])
async def test_the_gateway_asks_for_a_key_of_the_project_and_a_page_can_read_that(
    backend: Backend, headers: dict[str, Any]
) -> None:
    async with httpx.AsyncClient(base_url=backend.gateway.url) as http:
        for path in ("/auth/v1/user", "/rest/v1/editai_projects"):
            answer = await http.get(path, headers=headers)
            assert answer.status_code == 401
            assert "API key" in answer.json()["message"]
            assert answer.headers["access-control-allow-origin"] == "*"


@pytest.mark.parametrize(
    ("scope", "left"), [("local", [1, 2]), ("others", [0]), ("global", []), ("", [])]
)
async def test_a_sign_out_ends_the_sessions_of_its_scope(
    backend: Backend, scope: str, left: list[int]
) -> None:
    accounts = Accounts(backend.supabase_api.database_url)
    email = f"{uuid4()}@example.com"
    user = await accounts.create_user(email, "a password", {})
    sessions = [await accounts.sign_in(email, "a password") for _ in range(3)]
    await accounts.sign_out(user["id"], sessions[0].id, scope)

    async def lives(session: Session) -> bool:
        try:
            await accounts.refresh(session.refresh_token)
        except AuthError:
            return False
        return True

    assert [number for number in range(3) if await lives(sessions[number])] == left


async def test_of_two_refreshes_with_one_token_one_is_answered(
    services: httpx.AsyncClient, backend: Backend
) -> None:
    accounts = Accounts(backend.supabase_api.database_url)
    email = f"{uuid4()}@example.com"
    await accounts.create_user(email, "a password", {})
    session = await accounts.sign_in(email, "a password")
    token = {"refresh_token": session.refresh_token}
    query = {"grant_type": "refresh_token"}
    answers = await asyncio.gather(
        *[services.post(TOKEN, params=query, json=token) for _ in range(5)]
    )
    assert sorted(answer.status_code for answer in answers) == [200, 400, 400, 400, 400]
