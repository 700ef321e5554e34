"""The functions behind the gateway, and a project with a stored video to start jobs on."""

import shutil
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from tests.api.edge.process import EdgeProcess
from tests.support.backend import Backend
from tests.support.database import Connection
from tests.support.functions import FunctionProcess
from tests.support.users import User

PROJECT_ID = "reel"


@pytest.fixture(scope="session")
def _edge_of_all_tests(backend: Backend) -> Iterator[EdgeProcess]:
    edge = EdgeProcess(backend=backend)
    yield edge
    edge.stop()


@pytest.fixture
def edge(_edge_of_all_tests: EdgeProcess, fresh_state: Backend) -> EdgeProcess:
    """The edge functions with their usual settings; no worker takes jobs away unless a test starts one."""
    fresh_state.functions["worker"].stop()
    _edge_of_all_tests.start()
    return _edge_of_all_tests


@dataclass(frozen=True, kw_only=True)
class Frontend:
    """A web page of a signed-in user, as supabase-js calls functions."""

    http: httpx.AsyncClient
    source_id: UUID

    async def start(self, body: dict[str, Any] | None = None, /, **headers: str) -> httpx.Response:
        """Call start-job; raw clips of the page's project unless a body says otherwise."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.http.post("start-job", json=body or self.raw_clips(), headers=named)

    def raw_clips(self, **params: Any) -> dict[str, Any]:
        """A request for one short clip."""
        usual = {"variant_count": 1, "target_duration": 2, "source_id": str(self.source_id)}
        return {"kind": "raw_clips", "project_id": PROJECT_ID, **usual, **params}


@pytest.fixture
async def http(edge: EdgeProcess) -> AsyncIterator[httpx.AsyncClient]:
    """An HTTP client of the functions, without a token."""
    async with httpx.AsyncClient(base_url=edge.url, timeout=30) as client:
        yield client


@pytest.fixture
def source_id(fresh_state: Backend, admin: Connection, user: User, small_video: Path) -> UUID:
    """A small video, stored in the user's project `reel`."""
    source_id = uuid4()
    path = f"{PROJECT_ID}/sources/{source_id}.mp4"
    stored = fresh_state.storage / path
    stored.parent.mkdir(parents=True)
    shutil.copy(small_video, stored)
    admin.execute("select editai_create_project(%s, 'Reel', %s)", [user.id, PROJECT_ID])
    admin.execute(
        """
        insert into editai_sources (
          id, project_id, status, file_name, storage_path, content_type, size_bytes,
          duration_seconds, width, height, frame_rate, has_audio)
        values (%s, %s, 'ready', 'small.mp4', %s, 'video/mp4', %s, 12, 320, 180, 24, true)
        """,
        [source_id, PROJECT_ID, path, small_video.stat().st_size],
    )
    return source_id


@pytest.fixture
def frontend(
    http: httpx.AsyncClient, library: FunctionProcess, backend: Backend, user: User, source_id: UUID
) -> Frontend:
    """A user's page, with the library behind the functions that it calls."""
    assert library.pid
    http.headers.update({**user.headers, "apikey": backend.gateway.anon_key})
    return Frontend(http=http, source_id=source_id)
