"""One process of the stack. It never outlives its parent, and its descendants die with it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from local.files import tail

_CHECKOUT = Path(__file__).resolve().parents[2]
_LAUNCHER = Path(__file__).with_name("launch.py")


class PartFailed(Exception):
    """A part of the stack did not start; the message has the end of its log."""


def launch_command(
    command: Sequence[str], *, identity: str = "same", death_signal: int = signal.SIGKILL
) -> list[str]:
    """A command wrapped so that the program dies with this process."""
    launcher = [sys.executable, "-I", "-S", str(_LAUNCHER)]
    return [*launcher, str(os.getpid()), str(int(death_signal)), identity, *command]


@dataclass(frozen=True, kw_only=True)
class Part:
    """How one process is started, checked for readiness, and stopped."""

    name: str
    command: Sequence[str]
    log: Path
    is_ready: Callable[[], bool]
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    identity: str = "same"
    stop_signal: signal.Signals = signal.SIGTERM
    death_signal: signal.Signals = signal.SIGKILL
    prepare: Callable[[], None] = lambda: None


class Process:
    """A running part. Its pid is also its process group and session."""

    def __init__(self, part: Part) -> None:
        self.part = part
        part.prepare()
        with part.log.open("ab") as log:
            self._popen = subprocess.Popen(
                launch_command(
                    part.command, identity=part.identity, death_signal=part.death_signal
                ),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=dict(part.environment),
                cwd=_CHECKOUT,
                start_new_session=True,
            )
        self.pid = self._popen.pid
        self.started_at = time.monotonic()

    def has_exited(self) -> bool:
        """Whether the process has exited; if so, its whole group is killed.

        The group is killed before the pid is reaped. Until then, no unrelated process can get the same number.
        """
        if self._popen.returncode is not None:
            return True
        options = os.WEXITED | os.WNOHANG | os.WNOWAIT
        if os.waitid(os.P_PID, self.pid, options) is None:
            return False
        self._kill_group()
        self._popen.wait()
        return True

    def request_stop(self) -> None:
        """Sends the part's stop signal."""
        if not self.has_exited():
            self._popen.send_signal(self.part.stop_signal)

    def wait_stopped(self, timeout_seconds: float) -> None:
        """Waits for the process to exit; kills its group after the timeout."""
        deadline = time.monotonic() + timeout_seconds
        while not self.has_exited():
            if time.monotonic() > deadline:
                self._kill_group()
            time.sleep(0.01)

    def stop(self, timeout_seconds: float = 10) -> None:
        """Stops the process and everything in its group."""
        self.request_stop()
        self.wait_stopped(timeout_seconds)

    def kill(self) -> None:
        """Kills the process and its group at once, as a crash would."""
        if not self.has_exited():
            self._kill_group()
            self.wait_stopped(5)

    def wait_ready(
        self, timeout_seconds: float = 60, interrupted: Callable[[], bool] = lambda: False
    ) -> None:
        """Waits until the part is ready. Raises PartFailed if it dies or takes too long."""
        deadline = time.monotonic() + timeout_seconds
        while not self.part.is_ready():
            if interrupted():
                raise PartFailed("stopped while starting")
            if self.has_exited():
                raise PartFailed(self._failure(f"ended with status {self._popen.returncode}"))
            if time.monotonic() > deadline:
                raise PartFailed(self._failure(f"is not ready after {timeout_seconds:.0f} s"))
            time.sleep(0.05)

    def _failure(self, what: str) -> str:
        log = tail(self.part.log)
        return f"{self.part.name} {what}. The end of {self.part.log}:\n{log}"

    def _kill_group(self) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
