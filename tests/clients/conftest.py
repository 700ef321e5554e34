"""The installed clients, and a library behind a gateway with faults."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.clients.gateway import Gateway, gateway_to
from tests.clients.packages import install_typescript_client, python_client_environment
from tests.support.backend import Backend
from tests.support.functions import FunctionProcess
from tests.support.supabase_api import SupabaseApiProcess

LARGE_BYTES = 100_000_000


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
def idle_stack(
    fresh_state: Backend, library: FunctionProcess, supabase_api: SupabaseApiProcess
) -> Backend:
    """A stack whose jobs stay queued, because no worker runs."""
    assert library.process
    assert supabase_api.process
    fresh_state.functions["worker"].stop()
    return fresh_state


@pytest.fixture
def stack(
    fresh_state: Backend,
    library: FunctionProcess,
    worker: FunctionProcess,
    supabase_api: SupabaseApiProcess,
) -> Backend:
    """All that a story needs, running."""
    assert library.process
    assert worker.process
    assert supabase_api.process
    return fresh_state


@pytest.fixture
async def gateway(library: FunctionProcess) -> AsyncIterator[Gateway]:
    """A gateway to the library."""
    async with gateway_to(library.port) as gateway:
        yield gateway


@pytest.fixture
def url(gateway: Gateway, library: FunctionProcess) -> str:
    """The library's URL behind the gateway."""
    return library.url.replace(f":{library.port}", f":{gateway.port}")


@pytest.fixture(scope="session")
def large_video(small_video: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A video of 100 MB whose job is quick: an MP4 may end with a box of any size that readers skip."""
    video = tmp_path_factory.mktemp("large") / "large.mp4"
    content = small_video.read_bytes()
    rest = LARGE_BYTES - len(content)
    video.write_bytes(content + rest.to_bytes(4) + b"free")
    os.truncate(video, LARGE_BYTES)
    return video
