"""Runs ffmpeg as a child that reports progress, can be stopped at once and never outlives us.

    await run(arguments, work_dir=..., total_seconds=12.0, on_progress=report)

Arguments are a list, never a shell string, and file names in filters are relative to `work_dir`.
Inputs come from `read_file`, which names the demuxer and so keeps ffmpeg from taking a text file for
a playlist. What ffmpeg writes to stderr stays here: it holds paths.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Sequence
from functools import cache
from pathlib import Path

import imageio_ffmpeg  # pyright: ignore[reportMissingTypeStubs]

from pipeline import launch
from shared.media import MediaFacts
from shared.telemetry import span

OnProgress = Callable[[float], Awaitable[None]]

STOP_GRACE_SECONDS = 1.0
STDERR_TAIL_BYTES = 8192

_DEMUXERS = {"mp4": "mov", "matroska": "matroska", "avi": "avi", "mpegts": "mpegts"}

# What ffmpeg says, and what a user may be told; the first that matches wins.
_REASONS = (
    ("No space left on device", "The disk is full."),
    ("Cannot allocate memory", "There was not enough memory to process the video."),
    ("Decoder not found", "The video uses a codec that is not supported."),
    ("no decoder found", "The video uses a codec that is not supported."),
    ("Unknown decoder", "The video uses a codec that is not supported."),
    ("matches no streams", "The video holds no picture that can be decoded."),
    ("moov atom not found", "The video file is damaged and cannot be decoded."),
    ("Invalid data found", "The video file is damaged and cannot be decoded."),
)

_PASSING = ("No space left on device", "Cannot allocate memory")


class FfmpegFailed(Exception):
    """ffmpeg ended without a result.

    `detail` is safe to show and to store; `log_tail` is the end of ffmpeg's stderr, which may hold
    paths and is for the operator's eyes. `passing` says that the machine ended it (killed, no disk
    or memory left), so that another attempt may succeed.
    """

    def __init__(self, detail: str, log_tail: str = "", *, passing: bool = False) -> None:
        super().__init__(detail)
        self.detail = detail
        self.log_tail = log_tail
        self.passing = passing


@cache
def executable() -> str:
    """The path of the ffmpeg that imageio-ffmpeg brings (or IMAGEIO_FFMPEG_EXE names)."""
    return imageio_ffmpeg.get_ffmpeg_exe()


def read_file(
    path: Path, facts: MediaFacts, *, threads: int, options: Sequence[str] = ()
) -> list[str]:
    """Arguments that open the probed file `path` as an input, and nothing but that file."""
    return [
        "-protocol_whitelist",
        "file,pipe",
        "-f",
        _DEMUXERS[facts.container],
        "-threads",
        str(threads),
        *options,
        "-i",
        f"file:{path.absolute()}",
    ]


async def run(
    arguments: Sequence[str],
    *,
    work_dir: Path,
    total_seconds: float,
    on_progress: OnProgress | None = None,
) -> None:
    """Run ffmpeg with `arguments` until it has written its output.

    `work_dir` is its current directory. `total_seconds` is the length of the output: `on_progress`
    is awaited about twice a second with the fraction done, 0..1, never falling, and last with 1.
    If the awaiting task is cancelled, or `on_progress` raises, ffmpeg gets SIGTERM, after
    STOP_GRACE_SECONDS SIGKILL, and is gone when this returns.

    Raises:
        FfmpegFailed: it ended with an error.

    """
    with span("ffmpeg"):
        await _run(arguments, work_dir, total_seconds, on_progress)


async def _run(
    arguments: Sequence[str], work_dir: Path, total_seconds: float, on_progress: OnProgress | None
) -> None:
    process = await _start(arguments, work_dir)
    tail = asyncio.ensure_future(_read_tail(process))
    try:
        await _follow(process, total_seconds, on_progress)
        code = await process.wait()
        log = await tail
    except BaseException:
        await _stop(process)
        tail.cancel()
        raise
    if code != 0:
        passing = code < 0 or any(sign in log for sign in _PASSING)
        raise FfmpegFailed(_reason(code, log), log, passing=passing)
    if on_progress is not None:
        await on_progress(1.0)


async def _start(arguments: Sequence[str], work_dir: Path) -> asyncio.subprocess.Process:
    report = ["-nostats", "-stats_period", "0.5", "-progress", "pipe:1"]
    ffmpeg = [executable(), "-nostdin", "-hide_banner", "-loglevel", "error", *report, *arguments]
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-I", "-S", launch.__file__, str(os.getpid()), *ffmpeg),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd=work_dir,
        env={},
        start_new_session=True,
    )


async def _follow(
    process: asyncio.subprocess.Process, total_seconds: float, on_progress: OnProgress | None
) -> None:
    assert process.stdout is not None  # noqa: S101  # asked for in _start
    done = 0.0
    async for line in process.stdout:
        key, _, value = line.decode("ascii", "replace").strip().partition("=")
        # out_time_ms would do as well: it is in microseconds too. Before the first frame it is "N/A".
        if key != "out_time_us" or not value.isdigit() or on_progress is None:
            continue
        fraction = min(int(value) / 1e6 / max(total_seconds, 1e-3), 1.0)
        if fraction > done:
            done = fraction
            await on_progress(done)


async def _read_tail(process: asyncio.subprocess.Process) -> str:
    assert process.stderr is not None  # noqa: S101  # asked for in _start
    tail = b""
    while chunk := await process.stderr.read(65536):
        tail = (tail + chunk)[-STDERR_TAIL_BYTES:]
    return tail.decode("utf-8", "replace")


async def _stop(process: asyncio.subprocess.Process) -> None:
    """End the whole process group and reap it, however often the caller is cancelled meanwhile."""
    stopping = asyncio.ensure_future(_terminate(process))
    while not stopping.done():
        try:
            await asyncio.shield(stopping)
        except asyncio.CancelledError:
            continue


async def _terminate(process: asyncio.subprocess.Process) -> None:
    _signal_group(process, signal.SIGTERM)
    try:
        await asyncio.wait_for(process.wait(), STOP_GRACE_SECONDS)
    except TimeoutError:
        _signal_group(process, signal.SIGKILL)
        await process.wait()


def _signal_group(process: asyncio.subprocess.Process, number: signal.Signals) -> None:
    if process.returncode is None:
        try:
            os.killpg(process.pid, number)
        except ProcessLookupError:
            return


def _reason(code: int, log: str) -> str:
    for sign, reason in _REASONS:
        if sign in log:
            return reason
    if code < 0:
        return f"Processing the video was stopped by signal {-code}."
    return "The video could not be processed."
