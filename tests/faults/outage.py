"""A deliberate outage: the database goes away during a real encode, and comes back.

    python -m tests.faults --outage=30                  Postgres is killed: connections are refused
    python -m tests.faults --outage=30 --hanging        it hangs: connections are accepted, but get no response

Meanwhile callers send the library one request after another. With a time to live longer than the outage, ffmpeg
continues and the job ends in its first attempt. With a shorter one, ffmpeg is stopped before another worker can take
the lease, and the job ends in a later attempt once the database is back.
"""

import asyncio
import subprocess
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import imageio_ffmpeg  # pyright: ignore[reportMissingTypeStubs]
import jwt
import psutil

from editai_client import LibraryClient
from editai_client.models import Progress
from local.parts.functions import LIBRARY_BASE_PATH
from local.parts.scheduler import trigger_cleanup
from tests.conftest import SAMPLE
from tests.faults.load.callers import TIMEOUT_SECONDS, Callers
from tests.faults.load.load import OWNER
from tests.faults.pacing import pause
from tests.faults.rules.observation import Observation, Outage
from tests.faults.stack.layout import CLEANUP_PERIOD_SECONDS
from tests.faults.stack.stack import FaultStack

ENCODED_SECONDS_A_SECOND = 40
"""Seconds of video for each second of outage: more than any machine analyses, so ffmpeg outlasts the outage."""


async def observe(outage: Outage, *, seed: int = 1) -> Observation:
    """Start a stack and a job on the sample, stop the database for a while, and return what was observed."""
    stack = FaultStack(
        seed=seed, workers=0, with_media=True, overrides=_settings_for(outage.ttl_seconds)
    )
    try:
        await stack.start("")
        async with _cleanup_running(stack), LibraryClient(_library(stack), _token(stack)) as client:
            return await _Scene(
                stack=stack, client=client, outage=outage, seen=Observation(outage=outage)
            ).play()
    finally:
        await stack.stop()


@dataclass(kw_only=True)
class _Scene:
    stack: FaultStack
    client: LibraryClient
    outage: Outage
    seen: Observation

    async def play(self) -> Observation:
        project, other = [await self.client.create_project(name) for name in ("Busy", "Idle")]
        video = _long_video(self.stack.directory, ENCODED_SECONDS_A_SECOND * self.outage.seconds)
        await self.client.generate(project.id, video, variant_count=1, target_duration=5, seed=1)
        self.seen.percentage_before = (await self._first_progress(project.id)).percentage
        self._stop_database()
        callers = Callers(
            library=_library(self.stack), token=_token(self.stack), responses=self.seen.responses
        )
        await asyncio.gather(
            callers.send_requests(other.id, self.outage.seconds), self._watch_ffmpeg()
        )
        await self._restore_database()
        self.seen.served_again_after = await callers.until_served(project.id)
        async for progress in self.client.follow(project.id):
            self._note(progress)
        return self.seen

    def _note(self, progress: Progress) -> None:
        if progress.job and progress.job.attempt > self.seen.attempt:
            self.seen.attempt = progress.job.attempt
            self.seen.percentages_after.clear()
        self.seen.percentages_after.append(progress.percentage)
        self.seen.status = progress.status

    async def _first_progress(self, project_id: str) -> Progress:
        """Wait until ffmpeg's first progress is in the database."""
        deadline = time.monotonic() + TIMEOUT_SECONDS
        while time.monotonic() < deadline:
            progress = await self.client.progress(project_id)
            if progress.percentage and self._ffmpegs():
                return progress
            await pause(0.1)
        raise RuntimeError("ffmpeg has not started")

    def _stop_database(self) -> None:
        process = self.stack.processes["postgres"]
        if self.outage.hanging:
            for part in _family(process.pid):
                part.suspend()
        else:
            process.kill()

    async def _restore_database(self) -> None:
        if self.outage.hanging:
            for part in reversed(_family(self.stack.processes["postgres"].pid)):
                part.resume()
        else:
            await self.stack.start_part("postgres")

    async def _watch_ffmpeg(self) -> None:
        begun_at = time.monotonic()
        while time.monotonic() < begun_at + self.outage.seconds:
            if self._ffmpegs():
                self.seen.ffmpeg_worked_for = time.monotonic() - begun_at
            await pause(0.1)

    def _ffmpegs(self) -> list[psutil.Process]:
        family = _family(self.stack.processes["media-worker"].pid)
        return [process for process in family if process.name().startswith("ffmpeg")]


@asynccontextmanager
async def _cleanup_running(stack: FaultStack) -> AsyncGenerator[None]:
    """Triggers cleanup periodically while the block runs."""

    async def clean_up() -> None:
        url, secret = stack.url("lease_cleanup"), stack.keys.internal_secret
        while True:
            with suppress(OSError):
                await asyncio.to_thread(trigger_cleanup, url, secret)
            await pause(CLEANUP_PERIOD_SECONDS)

    task = asyncio.create_task(clean_up())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def _family(pid: int) -> list[psutil.Process]:
    """A process and its descendants, itself first."""
    process = psutil.Process(pid)
    return [process, *process.children(recursive=True)]


def _library(stack: FaultStack) -> str:
    return stack.url("library") + LIBRARY_BASE_PATH


def _long_video(directory: Path, seconds: float) -> Path:
    """The sample, repeated until it is long enough."""
    video = directory / "long.mp4"
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-stream_loop", "-1", "-i", SAMPLE]
    subprocess.run([*command, "-t", str(seconds), "-c", "copy", video], check=True)
    return video


def _token(stack: FaultStack) -> str:
    """An access token of the user who owns the projects."""
    claims = {
        "iss": stack.project.jwt_issuer,
        "aud": "authenticated",
        "role": "authenticated",
        "sub": str(OWNER),
        "exp": int(time.time()) + 3600,
    }
    return jwt.encode(claims, stack.keys.jwt_secret, algorithm="HS256")


def _settings_for(ttl_seconds: float) -> dict[str, dict[str, str]]:
    names = ("library", "media-worker", "lease_cleanup")
    settings = {"LEASE_TTL_SECONDS": str(ttl_seconds), "JOB_DEADLINE_SECONDS": "900"}
    return dict.fromkeys(names, settings)
