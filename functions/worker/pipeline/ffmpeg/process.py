"""Runs ffmpeg as a child that reports progress, can be stopped at once and never outlives the worker.

    await run(arguments, work_dir=..., limits=Limits.of(inputs, 12.0), total_seconds=12.0, on_progress=report)

Arguments are a list, never a shell string, and file names in filters are relative to `work_dir`.
A filter graph is passed in a file, because it may exceed the maximum length of an argument.
Inputs come from `inputs.read_file`, which stops ffmpeg from opening any other file; `Limits` bound its
resources. ffmpeg's stderr may contain paths, so it is kept out of every message for users.
"""

import asyncio
import errno
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import astuple
from functools import cache
from pathlib import Path

import imageio_ffmpeg  # pyright: ignore[reportMissingTypeStubs]

from pipeline.ffmpeg import launch
from pipeline.ffmpeg.failure import CAUSES, FfmpegFailed, failure, succeeded
from pipeline.ffmpeg.limits import Limits
from shared.observability.telemetry import span

OnProgress = Callable[[float], Awaitable[None]]

STOP_GRACE_SECONDS = 1.0
STDERR_TAIL_BYTES = 8192

_GRAPH_NAME = "graph.txt"


@cache
def executable() -> str:
    """The path of the ffmpeg in imageio-ffmpeg, or of the one that IMAGEIO_FFMPEG_EXE names."""
    return imageio_ffmpeg.get_ffmpeg_exe()


async def run(
    arguments: Sequence[str],
    *,
    graph: str | None = None,
    work_dir: Path,
    limits: Limits,
    total_seconds: float,
    on_progress: OnProgress | None = None,
) -> None:
    """Run ffmpeg with `arguments` and the filter graph `graph` until it has written its output.

    `work_dir` is its current directory. `total_seconds` is the length of the output: `on_progress`
    is awaited about twice a second with the fraction done, 0..1, which never falls and ends with 1.
    If the awaiting task is cancelled, or `on_progress` raises, ffmpeg gets SIGTERM, then SIGKILL
    after STOP_GRACE_SECONDS, and has ended when this returns.

    Raises:
        FfmpegFailed: it ended with an error, for example at one of `limits`.

    """
    file = work_dir / _GRAPH_NAME
    try:
        if graph is not None:
            file.write_text(graph, encoding="utf-8")
            arguments = ["-/filter_complex", file.name, *arguments]
        with span("ffmpeg"):
            await _run(arguments, work_dir, limits, total_seconds, on_progress)
    finally:
        file.unlink(missing_ok=True)


async def _run(
    arguments: Sequence[str],
    work_dir: Path,
    limits: Limits,
    total_seconds: float,
    on_progress: OnProgress | None,
) -> None:
    try:
        process = await _start(arguments, work_dir, limits)
    except OSError as error:
        if error.errno != errno.E2BIG:
            raise
        # Permanent: the next attempt would have the same arguments.
        raise FfmpegFailed("Processing the video needs a command that is too long.") from error
    tail = asyncio.ensure_future(_read_tail(process))
    try:
        await _read_progress(process, total_seconds, on_progress)
        code = await process.wait()
        log = await tail
    except BaseException:
        await _stop(process)
        tail.cancel()
        raise
    if not succeeded(code, log):
        limit_reached = code == -signal.SIGXFSZ and _has_file_of_size(limits.file_bytes, work_dir)
        raise failure(code, log, file_limit_reached=limit_reached)
    if on_progress is not None:
        await on_progress(1.0)


async def _start(
    arguments: Sequence[str], work_dir: Path, limits: Limits
) -> asyncio.subprocess.Process:
    report = ["-nostats", "-stats_period", "0.5", "-progress", "pipe:1"]
    ffmpeg = [executable(), "-nostdin", "-hide_banner", "-loglevel", "error", *report, *arguments]
    bounds = ",".join(map(str, astuple(limits)))
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-I", "-S", launch.__file__, str(os.getpid()), bounds, *ffmpeg),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd=work_dir,
        env={},
        start_new_session=True,
    )


def _has_file_of_size(size: int, folder: Path) -> bool:
    """Whether a file has exactly this size: the kernel truncates a write that would pass the limit to it."""
    return any(path.stat().st_size == size for path in folder.iterdir() if path.is_file())


async def _read_progress(
    process: asyncio.subprocess.Process, total_seconds: float, on_progress: OnProgress | None
) -> None:
    assert process.stdout is not None  # noqa: S101  # asked for in _start
    done = 0.0
    async for line in process.stdout:
        key, _, value = line.decode("ascii", "replace").strip().partition("=")
        # out_time_ms is in microseconds too. Before the first frame the value is "N/A".
        if key != "out_time_us" or not value.isdigit() or on_progress is None:
            continue
        fraction = min(int(value) / 1e6 / max(total_seconds, 1e-3), 1.0)
        if fraction > done:
            done = fraction
            await on_progress(done)


async def _read_tail(process: asyncio.subprocess.Process) -> str:
    """The end of what ffmpeg says, and before it each of CAUSES that it named earlier.

    Twenty decoders that run out of memory complain of every further packet.
    """
    assert process.stderr is not None  # noqa: S101  # asked for in _start
    tail, causes = b"", set[str]()
    while chunk := await process.stderr.read(65536):
        tail += chunk
        causes |= {cause for cause in CAUSES if cause.encode() in tail}
        tail = tail[-STDERR_TAIL_BYTES:]
    log = tail.decode("utf-8", "replace")
    return "\n".join([*(cause for cause in CAUSES if cause in causes and cause not in log), log])


async def _stop(process: asyncio.subprocess.Process) -> None:
    """End the whole process group and reap it, even if the caller is cancelled again meanwhile."""
    stopping = asyncio.ensure_future(_terminate(process))
    while not stopping.done():
        try:
            await asyncio.shield(stopping)
        except asyncio.CancelledError:
            continue


async def _terminate(process: asyncio.subprocess.Process) -> None:
    _signal_group(process, signal.SIGTERM)
    try:
        async with asyncio.timeout(STOP_GRACE_SECONDS):
            await process.wait()
    except TimeoutError:
        _signal_group(process, signal.SIGKILL)
        await process.wait()


def _signal_group(process: asyncio.subprocess.Process, number: signal.Signals) -> None:
    if process.returncode is None:
        try:
            os.killpg(process.pid, number)
        except ProcessLookupError:
            return
