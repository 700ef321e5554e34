"""Cleanup removes all garbage that is due, even if one file cannot be removed."""

import time
from pathlib import Path

import httpx
import pytest

from shared.storage.unfinished_uploads import FOLDER, GRACE_SECONDS, Announced, UnfinishedUploads
from tests.support.backend import Backend
from tests.support.database import Connection
from tests.support.functions import FunctionProcess


@pytest.fixture
def storage(fresh_state: Backend) -> Path:
    return fresh_state.storage


def file_of(storage: Path, path: str) -> Path:
    file = storage / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(b"left")
    return file


def throw_away(admin: Connection, *prefixes: str) -> None:
    """Insert garbage rows that are due, in this order."""
    for prefix in prefixes:
        admin.execute(
            "insert into editai_storage_garbage (project_id, prefix, not_before) values ('reel', %s, now())",
            [prefix],
        )


def left(admin: Connection) -> list[str]:
    rows = admin.execute("select prefix from editai_storage_garbage order by id").fetchall()
    return [row["prefix"] for row in rows]


async def clean_up(lease_cleanup: FunctionProcess) -> int:
    """The number of removed files."""
    headers = {"Authorization": f"Bearer {lease_cleanup.project.internal_secret}"}
    async with httpx.AsyncClient(timeout=60) as client:
        response = await client.post(lease_cleanup.url, headers=headers)
    assert response.status_code == 200, lease_cleanup.log
    return response.json()["files_removed"]


async def test_one_trigger_removes_more_than_one_batch(
    lease_cleanup: FunctionProcess, admin: Connection, storage: Path
) -> None:
    files = [file_of(storage, f"reel/sources/{number}.mp4") for number in range(205)]
    throw_away(admin, *(f"reel/sources/{number}.mp4" for number in range(205)))
    assert await clean_up(lease_cleanup) == 205
    assert not any(file.exists() for file in files)
    assert left(admin) == []


async def test_a_file_that_cannot_be_removed_blocks_nothing_else_and_stays(
    lease_cleanup: FunctionProcess, admin: Connection, storage: Path
) -> None:
    first, last = (file_of(storage, f"reel/jobs/{name}/1/clip-1.mp4") for name in ("a", "c"))
    in_the_way = file_of(storage, "reel/sources/b.mp4/not-empty").parent
    throw_away(admin, "reel/jobs/a/", "reel/sources/b.mp4", "reel/jobs/c/")
    assert await clean_up(lease_cleanup) == 2
    assert not first.exists()
    assert not last.exists()
    assert in_the_way.is_dir()
    assert left(admin) == ["reel/sources/b.mp4"]


async def test_a_prefix_without_a_slash_removes_only_that_file(
    lease_cleanup: FunctionProcess, admin: Connection, storage: Path
) -> None:
    """A longer path that begins with the same text stays."""
    file, longer = (file_of(storage, f"reel/sources/a{end}") for end in (".mp4", ".mp4.bak"))
    throw_away(admin, "reel/sources/a.mp4")
    assert await clean_up(lease_cleanup) == 1
    assert (file.exists(), longer.exists()) == (False, True)


async def test_what_an_abandoned_upload_has_left_is_removed(
    lease_cleanup: FunctionProcess, storage: Path
) -> None:
    """Half an hour after its signature has expired: until then, a request that began in time may still run."""
    uploads = UnfinishedUploads(storage / FOLDER)
    now = int(time.time())
    folders: list[Path] = []
    for expires_at in (now + 60, now - 60, now - GRACE_SECONDS - 60):
        announced = Announced(
            path="reel/sources/a.mp4", length=9, metadata="", expires_at=expires_at
        )
        folders.append(uploads.folder / str(uploads.create(announced)))
        (folders[-1] / "data").write_bytes(b"part")
    assert await clean_up(lease_cleanup) == 1
    assert [folder.exists() for folder in folders] == [True, True, False]
