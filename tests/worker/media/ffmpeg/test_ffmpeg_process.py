"""ffmpeg reports progress, stops on request, and never outlives the worker."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
import uvloop

from pipeline.ffmpeg import process
from pipeline.ffmpeg.failure import FfmpegFailed
from tests.support.media import footage
from tests.support.media.processes import ROOMY, environment, wait_until_gone, writing


def _endless(target: Path) -> list[str]:
    """Hours of encoding, slowly enough to use little CPU."""
    source = ["-readrate", "1", "-f", "lavfi", "-i", "testsrc2=size=64x64:rate=25"]
    return [*source, "-t", "9000", "-c:v", "libx264", "-preset", "ultrafast", "-y", str(target)]


@pytest.fixture
def run_in_loop() -> Callable[[Awaitable[None]], None]:
    """Runs a coroutine to its end on uvloop, as the worker does. All other tests use the standard library's loop."""

    def run(main: Awaitable[None]) -> None:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(main)  # pyright: ignore[reportArgumentType]

    return run


def test_progress_rises_to_one(
    run_in_loop: Callable[[Awaitable[None]], None], tmp_path: Path
) -> None:
    seen: list[float] = []

    async def main() -> None:
        async def note(fraction: float) -> None:
            seen.append(fraction)

        pace = ["-readrate", "1", "-readrate_initial_burst", "0.1"]
        work = [*pace, *footage.pattern(2, size="64x64"), "-f", "null", "-"]
        await process.run(work, work_dir=tmp_path, limits=ROOMY, total_seconds=2, on_progress=note)

    run_in_loop(main())
    assert len(seen) >= 3
    assert seen == sorted(seen)
    assert 0 < seen[0] < 0.9
    assert seen[-1] == 1.0


async def _at_work(target: Path) -> asyncio.Future[None]:
    """An endless encode that has started."""
    started = asyncio.Event()

    async def note(_: float) -> None:
        started.set()

    run = process.run(
        _endless(target), work_dir=target.parent, limits=ROOMY, total_seconds=9000, on_progress=note
    )
    work = asyncio.ensure_future(run)
    await started.wait()
    return work


def test_cancelling_ends_the_process_at_once(
    run_in_loop: Callable[[Awaitable[None]], None], tmp_path: Path
) -> None:
    target = tmp_path / "endless-cancelled.mp4"

    async def main() -> None:
        work = await _at_work(target)
        assert len(writing(target)) == 1
        work.cancel()
        with pytest.raises(asyncio.CancelledError):
            await work
        assert writing(target) == []

    run_in_loop(main())


def test_a_process_that_ignores_sigterm_is_killed(
    run_in_loop: Callable[[Awaitable[None]], None], tmp_path: Path
) -> None:
    """A process stopped by SIGSTOP cannot react to SIGTERM."""
    target = tmp_path / "endless-stopped.mp4"

    async def main() -> None:
        work = await _at_work(target)
        os.kill(writing(target)[0], signal.SIGSTOP)
        work.cancel()
        work.cancel()
        with pytest.raises(asyncio.CancelledError):
            await work
        assert writing(target) == []

    run_in_loop(main())


async def test_a_failing_callback_ends_the_process(tmp_path: Path) -> None:
    target = tmp_path / "endless-failing.mp4"

    async def fail(_: float) -> None:
        raise LookupError("the lease is gone")

    with pytest.raises(LookupError, match="the lease is gone"):
        await process.run(
            _endless(target), work_dir=tmp_path, limits=ROOMY, total_seconds=9000, on_progress=fail
        )
    assert writing(target) == []


def test_ffmpeg_dies_with_a_killed_worker(tmp_path: Path) -> None:
    target = tmp_path / "endless-orphan.mp4"
    script = """
import asyncio, sys, uvloop
from pathlib import Path
from pipeline.ffmpeg import process
from tests.support.media.processes import ROOMY

async def note(fraction):
    print(fraction, flush=True)

async def main():
    work = {"work_dir": Path("/tmp"), "limits": ROOMY, "total_seconds": 9000}
    await process.run(sys.argv[2:], **work, on_progress=note)

with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
    runner.run(main())
"""
    command = [sys.executable, "-c", script, "--", *_endless(target)]
    with subprocess.Popen(command, env={}, stdout=subprocess.PIPE) as worker:
        assert worker.stdout is not None
        assert worker.stdout.readline()
        children = writing(target)
        assert len(children) == 2  # ffmpeg, and the worker, which has the same arguments
        worker.kill()
        assert wait_until_gone(children, 5)


async def test_ffmpeg_has_no_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUPABASE_SERVICE_ROLE_KEY", "secret")
    target = tmp_path / "endless-environment.mp4"
    seen: list[bytes] = []

    async def note(_: float) -> None:
        seen.append(environment(writing(target)[0]))
        raise LookupError

    with pytest.raises(LookupError):
        await process.run(
            _endless(target), work_dir=tmp_path, limits=ROOMY, total_seconds=9000, on_progress=note
        )
    assert seen == [b""]


async def test_a_failure_has_a_reason_without_any_path(tmp_path: Path) -> None:
    damaged = tmp_path / "private-name.mp4"
    damaged.write_bytes(b"\x00\x00\x00\x18ftypmp42" + b"\x00" * 500)
    with pytest.raises(FfmpegFailed) as failed:
        await process.run(
            ["-i", str(damaged), "-f", "null", "-"],
            work_dir=tmp_path,
            limits=ROOMY,
            total_seconds=1,
        )
    assert failed.value.detail == "The video file is damaged and cannot be decoded."
    assert "private-name" in failed.value.log_tail


async def test_a_full_disk_is_reported_as_such(tmp_path: Path) -> None:
    arguments = [*footage.pattern(1), "-c:v", "rawvideo", "-f", "avi", "-y", "/dev/full"]
    with pytest.raises(FfmpegFailed) as failed:
        await process.run(arguments, work_dir=tmp_path, limits=ROOMY, total_seconds=1)
    assert failed.value.detail == "The disk is full."


async def test_a_killed_ffmpeg_is_a_failure(tmp_path: Path) -> None:
    target = tmp_path / "endless-killed.mp4"

    async def kill(_: float) -> None:
        for pid in writing(target):  # none, if the news is of before the kill
            os.kill(pid, signal.SIGKILL)

    with pytest.raises(FfmpegFailed) as failed:
        await process.run(
            _endless(target), work_dir=tmp_path, limits=ROOMY, total_seconds=9000, on_progress=kill
        )
    assert failed.value.detail == "Processing the video was stopped by signal 9."


async def test_much_output_on_stderr_is_kept_short(tmp_path: Path) -> None:
    noisy = ["-loglevel", "trace", *footage.pattern(1), "-c:v", "rawvideo", "-f", "avi"]
    with pytest.raises(FfmpegFailed) as failed:
        await process.run(
            [*noisy, "-y", "/dev/full"], work_dir=tmp_path, limits=ROOMY, total_seconds=1
        )
    assert len(failed.value.log_tail) == process.STDERR_TAIL_BYTES


def test_a_filter_graph_longer_than_the_maximum_argument_runs(
    run_in_loop: Callable[[Awaitable[None]], None], tmp_path: Path
) -> None:
    """Linux accepts no argument of 128 KiB."""
    whole = f"color=size=64x64:rate=5:duration=1,{'null,' * 300}null[v]"
    graph = whole + "\n" * (128 << 10)
    assert len(graph) > 128 << 10

    async def main() -> None:
        work = ["-map", "[v]", "-f", "null", "-"]
        await process.run(work, graph=graph, work_dir=tmp_path, limits=ROOMY, total_seconds=1)

    run_in_loop(main())
    assert footage.names(tmp_path) == []


def test_an_argument_that_is_too_long_is_a_permanent_failure(
    run_in_loop: Callable[[Awaitable[None]], None], tmp_path: Path
) -> None:
    async def main() -> None:
        work = ["-metadata", "title=" + "x" * (128 << 10)]
        with pytest.raises(FfmpegFailed) as failed:
            await process.run(work, work_dir=tmp_path, limits=ROOMY, total_seconds=1)
        assert not failed.value.transient

    run_in_loop(main())
