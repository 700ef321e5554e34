"""The library in this process: the framework's own application around the real entry point."""

from collections.abc import AsyncIterator

import httpx
import pytest
from functions_framework.aio import (
    create_asgi_app,  # pyright: ignore[reportUnknownVariableType]
)

from local.parts.functions import LIBRARY_BASE_PATH
from local.programs import CHECKOUT
from tests.support.backend import Backend
from tests.support.database import Connection
from tests.support.functions import FunctionProcess
from tests.support.library_client import Api, Traces
from tests.support.users import User, Users

ENTRY_POINT = CHECKOUT / "functions" / "library" / "main.py"


@pytest.fixture(scope="session")
def application() -> httpx.ASGITransport:
    """What functions-framework serves for the library."""
    application = create_asgi_app("library", str(ENTRY_POINT))
    return httpx.ASGITransport(app=application)  # pyright: ignore[reportArgumentType]


@pytest.fixture
async def http(
    application: httpx.ASGITransport, fresh_state: Backend
) -> AsyncIterator[httpx.AsyncClient]:
    """An HTTP client of the library, without a token. No worker runs, so its jobs stay queued."""
    fresh_state.functions["worker"].stop()
    base_url = f"http://library{LIBRARY_BASE_PATH}/"
    client = httpx.AsyncClient(transport=application, base_url=base_url, timeout=30)
    async with client:
        yield client


@pytest.fixture
def api(http: httpx.AsyncClient, user: User) -> Api:
    """The library as a signed-in user calls it."""
    return Api(http=http, headers=user.headers)


@pytest.fixture
async def running(
    http: httpx.AsyncClient, library: FunctionProcess, user: User
) -> AsyncIterator[Api]:
    """The library in its own process, as the user calls it."""
    del http  # it stops the worker, so that jobs stay queued
    async with httpx.AsyncClient(base_url=f"{library.url}/", timeout=60) as client:
        yield Api(http=client, headers=user.headers)


@pytest.fixture
def stranger(http: httpx.AsyncClient, users: Users) -> Api:
    """The library as another user calls it."""
    return Api(http=http, headers=users.new().headers)


@pytest.fixture
def service(http: httpx.AsyncClient, backend: Backend) -> Api:
    """The library as a caller with the service key."""
    key = backend.gateway.service_role_key
    return Api(http=http, headers={"Authorization": f"Bearer {key}"})


@pytest.fixture
async def project(api: Api) -> str:
    """The id of a project of the user's."""
    return await api.new_project()


@pytest.fixture
def traces(admin: Connection, fresh_state: Backend) -> Traces:
    """What requests have left in the database and in storage."""
    return Traces(admin=admin, storage=fresh_state.storage)
