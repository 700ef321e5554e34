"""ffmpeg runs within limits, and a failure caused by the file is distinguished from one by the machine."""

import asyncio
import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.ffmpeg import launch, process
from pipeline.ffmpeg.failure import TOO_MUCH_OUTPUT, FfmpegFailed, failure
from pipeline.ffmpeg.limits import Limits
from shared.media.probe import MediaFacts
from tests.support.media.processes import ROOMY, limits_of, writing

BUSY = ["-f", "lavfi", "-i", "mandelbrot=size=640x480", "-t", "9000", "-f", "null", "-"]
GROWING = ["-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25", "-t", "9000", "-c:v", "rawvideo"]


async def _failed(arguments: list[str], work_dir: Path, limits: Limits) -> FfmpegFailed:
    with pytest.raises(FfmpegFailed) as failed:
        async with asyncio.timeout(30):
            await process.run(arguments, work_dir=work_dir, limits=limits, total_seconds=9000)
    return failed.value


async def test_cpu_time_is_limited(tmp_path: Path) -> None:
    failed = await _failed(BUSY, tmp_path, replace(ROOMY, cpu_seconds=1))
    assert (
        failed.detail == "Processing the video needs more CPU time than is allowed for its length."
    )
    assert not failed.transient


async def test_the_wall_clock_is_limited(tmp_path: Path) -> None:
    """Waiting uses no CPU time, so only this limit ends a deadlock."""
    idle = ["-readrate", "0.01", *BUSY]
    failed = await _failed(idle, tmp_path, replace(ROOMY, wall_seconds=1))
    assert failed.detail == "Processing the video takes longer than is allowed for its length."
    assert not failed.transient


@pytest.mark.parametrize("kept_bytes", [process.STDERR_TAIL_BYTES, 10])
async def test_memory_is_limited(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kept_bytes: int
) -> None:
    """The reason is known, too, if what ffmpeg said after it has pushed it out of what is kept of its log."""
    monkeypatch.setattr(process, "STDERR_TAIL_BYTES", kept_bytes)
    vast = ["-f", "lavfi", "-i", "color=size=8192x4320:duration=1,format=gbrpf32le"]
    arguments = [*vast, "-f", "null", "-"]
    failed = await _failed(arguments, tmp_path, replace(ROOMY, memory_bytes=200 << 20))
    assert failed.detail == "Processing the video needs more memory than is allowed."
    assert not failed.transient


async def test_the_size_of_a_file_is_limited(tmp_path: Path) -> None:
    arguments = [*GROWING, "-f", "avi", "-y", "out.avi"]
    failed = await _failed(arguments, tmp_path, replace(ROOMY, file_bytes=1_000_000))
    assert failed.detail == TOO_MUCH_OUTPUT
    assert not failed.transient
    assert (tmp_path / "out.avi").stat().st_size == 1_000_000


async def test_a_disk_that_is_full_before_our_limit_is_transient(tmp_path: Path) -> None:
    """A limit set on the running process from outside simulates it; our other limits stay."""
    target = tmp_path / "endless-disk.avi"

    async def fill(_: float) -> None:
        for pid in writing(target):
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (500_000, -1))

    arguments = ["-readrate", "1", *GROWING, "-f", "avi", "-y", str(target)]
    with pytest.raises(FfmpegFailed) as failed:
        await process.run(
            arguments, work_dir=tmp_path, limits=ROOMY, total_seconds=9000, on_progress=fill
        )
    assert failed.value.detail == "The disk is full."
    assert failed.value.transient


async def test_a_tighter_limit_of_the_worker_stays_in_force(tmp_path: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, before[1]))
    try:
        failed = await _failed([*GROWING, "-f", "avi", "-y", "out.avi"], tmp_path, ROOMY)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert (failed.detail, failed.transient) == ("The disk is full.", True)


async def test_a_process_has_the_requested_limits(tmp_path: Path) -> None:
    target = tmp_path / "endless-limits.avi"
    seen = dict[str, list[str]]()

    async def note(_: float) -> None:
        seen.update(limits_of(writing(target)[0]))
        raise LookupError

    arguments = ["-readrate", "1", *GROWING, "-y", str(target)]
    with pytest.raises(LookupError):
        await process.run(
            arguments, work_dir=tmp_path, limits=ROOMY, total_seconds=9000, on_progress=note
        )
    assert seen["Max data size"] == [str(ROOMY.memory_bytes)] * 2
    assert seen["Max open files"] == [str(ROOMY.open_files)] * 2
    assert seen["Max stack size"] == [str(launch.THREAD_STACK_BYTES)] * 2
    assert seen["Max core file size"] == ["0", "0"]
    assert seen["Max file size"][0] == str(ROOMY.file_bytes)


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGABRT, signal.SIGFPE])
async def test_a_crash_of_a_decoder_is_permanent(tmp_path: Path, number: signal.Signals) -> None:
    target = tmp_path / "endless-crashing.avi"

    async def crash(_: float) -> None:
        os.kill(writing(target)[0], number)

    arguments = ["-readrate", "1", *GROWING, "-y", str(target)]
    with pytest.raises(FfmpegFailed) as failed:
        await process.run(
            arguments, work_dir=tmp_path, limits=ROOMY, total_seconds=9000, on_progress=crash
        )
    assert failed.value.detail == "The video file is damaged and cannot be decoded."
    assert not failed.value.transient


def test_a_kill_by_the_machine_is_transient() -> None:
    killed = failure(-signal.SIGKILL, "", file_limit_reached=False)
    assert (killed.transient, killed.detail) == (
        True,
        "Processing the video was stopped by signal 9.",
    )


def test_limits_grow_with_the_work(sample_facts: MediaFacts) -> None:
    short = Limits.of([sample_facts], 1.0)
    assert short.cpu_seconds < Limits.of([sample_facts], 100.0).cpu_seconds
    long = sample_facts.model_copy(update={"duration_seconds": 3600.0})
    assert short.cpu_seconds < Limits.of([long], 1.0).cpu_seconds
    assert short.file_bytes < Limits.of([sample_facts], 100.0).file_bytes
    assert Limits.of([sample_facts] * 50, 1.0).open_files > 50 + short.open_files


def test_cuts_of_one_source_do_not_multiply_its_time(sample_facts: MediaFacts) -> None:
    once, often = Limits.of([sample_facts], 30.0), Limits.of([sample_facts] * 50, 30.0)
    assert once.cpu_seconds == often.cpu_seconds


def test_no_value_of_a_file_makes_the_limits_unbounded(sample_facts: MediaFacts) -> None:
    video = sample_facts.video.model_copy(
        update={"width": 8192, "height": 4320, "max_frame_rate": 1e12}
    )
    boasting = sample_facts.model_copy(update={"video": video, "duration_seconds": 14400.0})
    limits = Limits.of([boasting], 600.0)
    assert limits.cpu_seconds == 7200
    assert limits.file_bytes == 640 << 20


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """A listening socket on loopback."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        yield listener


def _connected(listener: socket.socket) -> bool:
    try:
        listener.accept()[0].close()
    except BlockingIOError:
        return False
    return True


# Not the tests' own interpreter: it may be in a home directory that other users cannot read.
PYTHON = shutil.which("python3", path="/usr/bin:/bin")
LAUNCH = Path(launch.__file__).read_text()
CONNECT = "import socket, sys; socket.create_connection(('127.0.0.1', int(sys.argv[1])), 5)"


def _launched(user: int | None, *command: str) -> subprocess.CompletedProcess[bytes]:
    limits = "60,60,1000000000,1000000000,64"
    script = [PYTHON or sys.executable, "-I", "-S", "-c", LAUNCH, str(os.getpid()), limits]
    return subprocess.run([*script, *command], capture_output=True, check=False, user=user)


def _may_leave_the_network(user: int | None) -> bool:
    """Whether the machine permits a network namespace of its own, as another program finds.

    The launcher removes the network only where the kernel permits that, so elsewhere there is nothing to test.
    """
    command = ["unshare", "--net", *([] if os.getuid() == 0 and not user else ["--user"]), "true"]
    if shutil.which("unshare") is None:
        return False
    return subprocess.run(command, capture_output=True, check=False, user=user).returncode == 0


@pytest.mark.parametrize("user", [None, 65534], ids=["as this user", "as another user"])
def test_a_launched_program_has_no_network(listener: socket.socket, user: int | None) -> None:
    if user is not None and (os.getuid() != 0 or PYTHON is None):
        pytest.skip("only root can become another user, who needs a Python that it may start")
    if not _may_leave_the_network(user):
        pytest.skip("this machine gives no process a network of its own")
    port = str(listener.getsockname()[1])
    done = _launched(user, PYTHON or sys.executable, "-c", CONNECT, port)
    assert b"Network is unreachable" in done.stderr
    assert not _connected(listener)


async def test_ffmpeg_has_no_network_even_when_told_an_address(
    listener: socket.socket, tmp_path: Path
) -> None:
    if not _may_leave_the_network(None):
        pytest.skip("this machine gives no process a network of its own")
    address = f"http://127.0.0.1:{listener.getsockname()[1]}/video.mp4"
    await _failed(["-i", address, "-f", "null", "-"], tmp_path, ROOMY)
    assert not _connected(listener)
