"""The installed clients, and a library behind a gateway with faults."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.clients.gateway import Gateway, gateway_to
from tests.clients.packages import install_typescript_client, python_client_environment
from tests.support.functions import FunctionProcess


@pytest.fixture(scope="session")
def python_client() -> Path:
    """An environment with the Python client's wheel."""
    return python_client_environment()


@pytest.fixture(scope="session")
def typescript_client(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the TypeScript client's package, and the compiled programs of the tests."""
    folder = tmp_path_factory.mktemp("typescript")
    install_typescript_client(folder)
    return folder


@pytest.fixture
async def gateway(library: FunctionProcess) -> AsyncIterator[Gateway]:
    """A gateway to the library."""
    async with gateway_to(library.port) as gateway:
        yield gateway


@pytest.fixture
def url(gateway: Gateway, library: FunctionProcess) -> str:
    """The library's URL behind the gateway."""
    return library.url.replace(f":{library.port}", f":{gateway.port}")
