"""lease-cleanup lets a schedule inside Supabase trigger the cleanup, and no one else."""

import socket

import httpx
import pytest

from tests.api.edge.conftest import Frontend
from tests.api.edge.process import EdgeProcess
from tests.support.backend import Backend
from tests.support.database import Clock
from tests.support.functions import FunctionProcess
from tests.support.library_client import problem
from tests.support.users import Users


async def _trigger(http: httpx.AsyncClient, secret: str) -> httpx.Response:
    return await http.post("lease-cleanup", headers={"Authorization": f"Bearer {secret}"})


async def test_the_internal_secret_triggers_it(
    http: httpx.AsyncClient, lease_cleanup: FunctionProcess, backend: Backend
) -> None:
    answer = await _trigger(http, backend.project.internal_secret)
    assert answer.status_code == 200, (answer.text, lease_cleanup.log)
    assert set(answer.json().values()) == {0}
    assert {"requeued", "failed", "released", "dispatched"} <= set(answer.json())


async def test_a_lease_that_has_expired_is_reclaimed(
    frontend: Frontend, lease_cleanup: FunctionProcess, backend: Backend, clock: Clock
) -> None:
    assert lease_cleanup.pid
    await frontend.start()
    clock.advance(60)
    answer = await _trigger(frontend.http, backend.gateway.service_role_key)
    assert answer.json()["requeued"] == 1


async def test_a_call_without_a_secret_is_refused(http: httpx.AsyncClient) -> None:
    answer = await http.post("lease-cleanup")
    problem(answer, 401, "unauthenticated")
    assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("wrong", ["x", "anon key", "user", "longer", "shorter"])
async def test_any_other_token_is_forbidden(
    http: httpx.AsyncClient, backend: Backend, users: Users, wrong: str
) -> None:
    secret = backend.project.internal_secret
    tokens = {
        "anon key": backend.gateway.anon_key,
        "user": users.new().token,
        "longer": secret + "0",
        "shorter": secret[:-1],
    }
    problem(await _trigger(http, tokens.get(wrong, wrong)), 403, "forbidden")


async def test_only_a_post_triggers_it(http: httpx.AsyncClient, backend: Backend) -> None:
    headers = {"Authorization": f"Bearer {backend.project.internal_secret}"}
    problem(await http.get("lease-cleanup", headers=headers), 405, "method-not-allowed")


async def test_a_secret_that_the_cleanup_does_not_take_is_told_to_the_operator_only(
    http: httpx.AsyncClient,
    edge: EdgeProcess,
    lease_cleanup: FunctionProcess,
    backend: Backend,
) -> None:
    assert lease_cleanup.pid
    edge.start(INTERNAL_SECRET="an-older-internal-secret")
    answer = await _trigger(http, backend.gateway.service_role_key)
    problem(answer, 502, "upstream-unreachable")
    assert "rejects this function's INTERNAL_SECRET" in edge.log
    assert "an-older-internal-secret" not in edge.log


async def test_a_cleanup_that_takes_too_long_is_a_504(
    http: httpx.AsyncClient, edge: EdgeProcess, backend: Backend
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        edge.start(LEASE_CLEANUP_URL=url, ANSWER_TIMEOUT_SECONDS="0.2")
        answer = await _trigger(http, backend.gateway.service_role_key)
    problem(answer, 504, "upstream-timeout")


async def test_a_missing_setting_is_told_to_the_operator_only(
    http: httpx.AsyncClient, edge: EdgeProcess, backend: Backend
) -> None:
    edge.start(LEASE_CLEANUP_URL="")
    answer = await _trigger(http, backend.gateway.service_role_key)
    assert "LEASE_CLEANUP_URL" not in answer.text
    problem(answer, 500, "internal-error")
    assert "the environment lacks LEASE_CLEANUP_URL" in edge.log
