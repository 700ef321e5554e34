"""Who may call: the edge function requires a token, the library verifies it. And what Supabase's own check would do."""

import base64
import hmac
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from local.parts.edge import edge_functions
from tests.api.edge.conftest import Frontend
from tests.api.edge.process import EdgeProcess
from tests.support.backend import Backend
from tests.support.functions import FunctionProcess
from tests.support.library_client import problem
from tests.support.users import User, Users


@dataclass(frozen=True, kw_only=True)
class SigningKey:
    """The private half, and where the public one is published."""

    private: ec.EllipticCurvePrivateKey
    url: str


async def test_a_call_without_a_token_does_not_reach_the_library(http: httpx.AsyncClient) -> None:
    """Nothing of it is read, and the library is not asked: it does not run here."""
    for headers in ({}, {"Authorization": "Bearer"}, {"Authorization": "Basic dTpw"}):
        answer = await http.post("start-job", headers=headers, content=b"{")
        problem(answer, 401, "unauthenticated")
        assert answer.headers["www-authenticate"] == "Bearer"
        assert answer.headers["access-control-allow-origin"] == "*"


@pytest.mark.parametrize("token", ["x", "a.b.c", ".."])
async def test_an_invalid_token_is_refused_by_the_library(frontend: Frontend, token: str) -> None:
    problem(await frontend.start(Authorization=f"Bearer {token}"), 401, "unauthenticated")


async def test_a_token_of_the_projects_signing_keys_starts_a_job(
    frontend: Frontend,
    library: FunctionProcess,
    backend: Backend,
    user: User,
    signing_key: SigningKey,
) -> None:
    library.start(SUPABASE_JWT_SECRET="", SUPABASE_JWKS_URL=signing_key.url)
    claims = jwt.decode(user.token, options={"verify_signature": False})
    token = jwt.encode(claims, signing_key.private, algorithm="ES256", headers={"kid": "signs"})
    try:
        answer = await frontend.start(Authorization=f"Bearer {token}")
    finally:
        library.stop()
    assert answer.status_code == 202, answer.text


@pytest.fixture
def signing_key() -> Iterator[SigningKey]:
    """A key pair whose public half is published."""
    private = ec.generate_private_key(ec.SECP256R1())
    public = ECAlgorithm.to_jwk(private.public_key(), as_dict=True) | {"kid": "signs"}
    body = json.dumps({"keys": [public]}).encode()

    class Publisher(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            """Publish."""
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - inherited
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Publisher) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield SigningKey(private=private, url=f"http://127.0.0.1:{server.server_port}/keys")
        server.shutdown()
        thread.join()


# A function that has verify_jwt = true, as one that is new would have. Supabase's check knows the shared secret alone.


@pytest.fixture
def behind_supabase(edge: EdgeProcess) -> None:
    """The functions, with Supabase's own check of tokens before them."""
    functions = {name: vars(f) | {"verify_jwt": True} for name, f in edge_functions().items()}
    edge.start(EDGE_FUNCTIONS=json.dumps(functions))


async def _refused(http: httpx.AsyncClient, authorization: str) -> None:
    answer = await http.post("start-job", headers={"Authorization": authorization}, json={})
    assert answer.status_code == 401
    assert answer.json() == {"code": 401, "message": "Invalid JWT"}


@pytest.mark.usefixtures("behind_supabase")
async def test_a_call_without_a_token_is_refused(http: httpx.AsyncClient) -> None:
    answer = await http.post("start-job", json={})
    assert answer.status_code == 401
    assert answer.json() == {"code": 401, "message": "Missing authorization header"}


@pytest.mark.usefixtures("behind_supabase")
@pytest.mark.parametrize(
    "authorization", ["Bearer", "Bearer x", "Bearer a.b.c", "Bearer ..", "Basic dTpw"]
)
async def test_an_invalid_token_is_refused(http: httpx.AsyncClient, authorization: str) -> None:
    await _refused(http, authorization)


@pytest.mark.usefixtures("behind_supabase")
async def test_a_token_of_another_project_is_refused(http: httpx.AsyncClient, users: Users) -> None:
    await _refused(http, f"Bearer {users.token(secret='another-secret-' * 4)}")


@pytest.mark.usefixtures("behind_supabase")
async def test_a_token_of_a_signing_key_is_refused(
    http: httpx.AsyncClient, signing_key: SigningKey
) -> None:
    token = jwt.encode({"exp": 4_000_000_000}, signing_key.private, algorithm="ES256")
    await _refused(http, f"Bearer {token}")


@pytest.mark.usefixtures("behind_supabase")
@pytest.mark.parametrize("claims", [{"exp": 1_600_000_000}, {"exp": None}, {"nbf": 4_000_000_000}])
async def test_a_token_out_of_its_time_is_refused(
    http: httpx.AsyncClient, users: Users, claims: dict[str, Any]
) -> None:
    await _refused(http, f"Bearer {users.token(**claims)}")


def _encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def _with_head(token: str, **head: str) -> str:
    return f"{_encoded(json.dumps(head).encode())}.{token.split('.')[1]}"


@pytest.mark.usefixtures("behind_supabase")
async def test_a_token_without_a_signature_is_refused(
    http: httpx.AsyncClient, users: Users
) -> None:
    await _refused(http, f"Bearer {_with_head(users.token(), alg='none')}.")


@pytest.mark.usefixtures("behind_supabase")
async def test_another_algorithm_with_the_right_secret_is_refused(
    http: httpx.AsyncClient, users: Users
) -> None:
    await _refused(http, f"Bearer {users.token(algorithm='HS512')}")


@pytest.mark.usefixtures("behind_supabase")
async def test_a_head_that_names_another_algorithm_than_it_was_signed_with_is_refused(
    http: httpx.AsyncClient, users: Users, backend: Backend
) -> None:
    signed = _with_head(users.token(), alg="none")
    signature = hmac.digest(backend.keys.jwt_secret.encode(), signed.encode(), "sha256")
    await _refused(http, f"Bearer {signed}.{_encoded(signature)}")


async def test_the_anon_key_is_refused_by_the_library(frontend: Frontend, backend: Backend) -> None:
    answer = await frontend.start(Authorization=f"Bearer {backend.gateway.anon_key}")
    problem(answer, 401, "unauthenticated")
    assert answer.headers["www-authenticate"] == "Bearer"


async def test_the_service_key_may_start_a_job_on_any_project(
    frontend: Frontend, backend: Backend
) -> None:
    answer = await frontend.start(Authorization=f"Bearer {backend.gateway.service_role_key}")
    assert answer.status_code == 202, answer.text


async def test_an_edge_function_that_does_not_exist_is_not_found(http: httpx.AsyncClient) -> None:
    for name in ("nothing", "_shared", ""):
        answer = await http.post(name)
        assert answer.status_code == 404
        assert answer.json()["code"] == "NOT_FOUND"
