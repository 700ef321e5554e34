"""A job whose file needs too many resources fails in its first attempt with a reason, and the worker goes on."""

import shutil
import tempfile
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from shared.media.containers import supported_titles
from tests.support.functions import FunctionProcess
from tests.support.media import hostile
from tests.support.waiting import eventually
from tests.worker.jobs.conftest import Deliver, ProjectAtWork, ffmpegs_of


@dataclass(frozen=True, kw_only=True)
class Trap:
    """How to make a file, and the error with which its job must fail."""

    name: str
    make: Callable[[Path], object]
    code: str
    detail: str


TRAPS = (
    Trap(
        name="playlist.mp4",
        make=lambda path: path.write_bytes(hostile.playlists("neighbour.mp4")["ffconcat"]),
        code="not_a_video",
        detail="This is a playlist (ffconcat), which only names other files."
        f" Upload a video file: {supported_titles()}.",
    ),
    Trap(
        name="forty-tracks.mp4",
        make=lambda path: hostile.many_tracks(path, 40),
        code="too_many_streams",
        detail="The file has 40 streams; the maximum is 16.",
    ),
    Trap(
        name="rare-codec.avi",
        make=lambda path: hostile.video_of("snow", path),
        code="unsupported_codec",
        detail="The video's codec, Snow (SNOW), is not supported."
        " Convert it to H.264 in MP4, for instance with HandBrake.",
    ),
)


async def _failure(
    project: ProjectAtWork, worker: FunctionProcess, deliver: Deliver
) -> dict[str, Any] | None:
    """The error of a job that must fail in its first attempt and leave no files or processes."""
    job = await project.start()
    await deliver(worker, job.id)
    progress = await project.ended()
    assert (progress.status, progress.job_status, progress.job_attempt) == ("failed", "failed", 1)
    assert project.count("editai_locks") == 0
    assert project.files() == set()
    assert await eventually(lambda: not _work_directories(worker), 5)
    assert not ffmpegs_of(worker)
    return progress.job_error


def _work_directories(worker: FunctionProcess) -> list[Path]:
    return list(Path(tempfile.gettempdir()).glob(f"editai-job-{worker.pid}-*"))


@pytest.mark.parametrize("trap", TRAPS, ids=lambda trap: trap.name)
async def test_a_hostile_source_fails_its_job_and_the_worker_goes_on(
    project: ProjectAtWork, worker: FunctionProcess, deliver: Deliver, tmp_path: Path, trap: Trap
) -> None:
    stored, crafted = project.storage / project.source_path, tmp_path / trap.name
    whole = stored.read_bytes()
    trap.make(crafted)
    shutil.copy(crafted, stored)

    error = await _failure(project, worker, deliver)

    assert error == {"code": trap.code, "detail": trap.detail}
    stored.write_bytes(whole)
    job = await project.start(variant_count=1)
    await deliver(worker, job.id)
    assert (await project.ended()).job_status == "completed"


@pytest.fixture
async def frugal_worker(worker: FunctionProcess) -> AsyncIterator[FunctionProcess]:
    """A worker that allows ffmpeg less memory than it needs."""
    worker.start(FFMPEG_MEMORY_BYTES=str(30_000_000))
    yield worker
    worker.restart()


async def test_a_job_that_reaches_a_limit_fails_and_is_not_retried(
    project: ProjectAtWork, frugal_worker: FunctionProcess, deliver: Deliver
) -> None:
    error = await _failure(project, frugal_worker, deliver)
    assert error == {
        "code": "encoding_failed",
        "detail": "Processing the video needs more memory than is allowed.",
    }


@pytest.fixture
async def small_storage(worker: FunctionProcess) -> AsyncIterator[FunctionProcess]:
    """A worker whose storage takes no file as large as a clip."""
    worker.start(MAX_FILE_BYTES="1000")
    yield worker
    worker.restart()


async def test_a_clip_that_storage_never_accepts_fails_the_job_at_once(
    project: ProjectAtWork, small_storage: FunctionProcess, deliver: Deliver
) -> None:
    error = await _failure(project, small_storage, deliver)
    assert error == {
        "code": "storage_refused",
        "detail": "The file is larger than the limit of 1,000 bytes of storage.",
    }


@pytest.fixture
async def small_worker(worker: FunctionProcess) -> AsyncIterator[FunctionProcess]:
    """A worker that fetches less than the source has."""
    worker.start(MAX_JOB_SOURCE_BYTES="5000000")
    yield worker
    worker.restart()


async def test_a_job_whose_sources_do_not_fit_fails_before_any_is_fetched(
    project: ProjectAtWork, small_worker: FunctionProcess, deliver: Deliver
) -> None:
    project.admin.execute("update editai_sources set size_bytes = 9000000")
    # A source that was fetched would be missed.
    (project.storage / project.source_path).unlink()
    error = await _failure(project, small_worker, deliver)
    assert error == {
        "code": "too_large",
        "detail": "The job's videos have 9 MB together; the maximum is 5 MB. Use fewer or smaller videos.",
    }
