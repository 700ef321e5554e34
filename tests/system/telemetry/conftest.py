"""A collector, and functions that send to it."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path

import httpx
import pytest

from editai_client import LibraryClient
from shared.observability.telemetry_sdk import Sender
from tests.support.backend import Backend
from tests.support.functions import FunctionProcess
from tests.support.users import User
from tests.system.telemetry.receiver import Receiver, receiving

Functions = Mapping[str, FunctionProcess]


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture(scope="module")
def _measured(receiver: Receiver, backend: Backend) -> Iterator[None]:
    for function in backend.functions.values():
        function.start(
            OTEL_EXPORTER_OTLP_ENDPOINT=receiver.url,
            OTEL_BSP_SCHEDULE_DELAY="200",
            OTEL_METRIC_EXPORT_INTERVAL="200",
        )
    yield
    # Other tests need functions without a collector.
    for function in backend.functions.values():
        function.stop()


@pytest.fixture
def watched(_measured: None, fresh_state: Backend) -> Functions:
    """The three functions, which send to the collector, in a fresh state."""
    return fresh_state.functions


@pytest.fixture
async def client(watched: Functions, user: User) -> AsyncIterator[LibraryClient]:
    async with LibraryClient(watched["library"].url, user.token) as client:
        yield client


@pytest.fixture
def sender(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sender]:
    """Sends to the collector from this process. It is not installed: a process can set its providers only once."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.url)
    sender = Sender("test")
    yield sender
    sender.tracers.shutdown()
    sender.meters.shutdown()


async def generate(
    library: FunctionProcess, user: User, project_id: str, video: Path, **headers: str
) -> httpx.Response:
    """Start a job for one short clip of a video."""
    content = await asyncio.to_thread(video.read_bytes)
    async with httpx.AsyncClient(timeout=60) as http:
        return await http.post(
            f"{library.url}/projects/{project_id}/generate",
            headers={**user.headers, **headers},
            files={"video": ("my holiday film.mp4", content, "video/mp4")},
            data={"variant_count": "1", "target_duration": "2"},
        )
