"""Faults of the worker with ffmpeg: its ffmpeg is killed, or its disk is full."""

from contextlib import suppress
from dataclasses import dataclass
from resource import RLIMIT_FSIZE, prlimit

import psutil

from tests.faults.injection.did_not_happen import DidNotHappen
from tests.faults.pacing import pause
from tests.faults.stack.stack import FaultStack

WORKER = "media-worker"
FULL_DISK_BYTES = 4096
LOOKS = 200
LOOK_SECONDS = 0.05


@dataclass(frozen=True, kw_only=True)
class MediaFaults:
    """Both wait for an ffmpeg to run, and raise DidNotHappen if none does."""

    stack: FaultStack

    async def kill_ffmpeg(self) -> None:
        """Kill the ffmpeg that runs, or the next one. Raises DidNotHappen."""
        process = await self._ffmpeg()
        process.kill()

    async def fill_disk(self, for_seconds: float) -> None:
        """Stop every file of the worker and its ffmpeg processes from growing, for a while.

        Raises DidNotHappen if no running ffmpeg was limited.
        """
        ffmpeg = await self._ffmpeg()
        try:
            met = _limit(ffmpeg)
            for process in self._family():
                _limit(process)
            await pause(for_seconds)
        finally:
            self.lift()
        if not met:
            raise DidNotHappen("ffmpeg had ended")

    def lift(self) -> None:
        """Let files grow again, up to the previous limit."""
        for process in self._family():
            with suppress(ProcessLookupError, PermissionError):
                soft, hard = prlimit(process.pid, RLIMIT_FSIZE)
                if soft == FULL_DISK_BYTES:
                    prlimit(process.pid, RLIMIT_FSIZE, (hard, hard))

    async def _ffmpeg(self) -> psutil.Process:
        for _ in range(LOOKS):
            for process in self._family():
                with suppress(psutil.Error):
                    if process.name().startswith("ffmpeg"):
                        return process
            await pause(LOOK_SECONDS)
        raise DidNotHappen("no ffmpeg runs")

    def _family(self) -> list[psutil.Process]:
        """The worker and its descendants; empty while it is down."""
        try:
            process = psutil.Process(self.stack.processes[WORKER].pid)
            return [process, *process.children(recursive=True)]
        except psutil.Error:
            return []


def _limit(process: psutil.Process) -> bool:
    """Limit a process. Returns False if it has already ended."""
    try:
        _, hard = prlimit(process.pid, RLIMIT_FSIZE)
        prlimit(process.pid, RLIMIT_FSIZE, (FULL_DISK_BYTES, hard))
    except (ProcessLookupError, PermissionError):
        return False
    return True
