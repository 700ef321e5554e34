"""Keeps a stack running: starts its parts in order, restarts dead ones, stops all in order."""

import os
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import FrameType

from local.processes.leftovers import adopt_orphans, kill_orphans
from local.processes.process import Part, Process
from local.schema.migrations import migrate
from local.stack.stack import Stack

_CHECK_SECONDS = 0.1
_SWEEP_SECONDS = 2.0
_FIRST_BACKOFF_SECONDS = 0.2
_MAX_BACKOFF_SECONDS = 5.0
# After a part has run this long, a crash starts with the shortest backoff again.
_STEADY_SECONDS = 30.0
_STOP_TIMEOUT_SECONDS = 8.0
_STOP_ORDER = (
    ("scheduler", "edge", "supabase_api"),
    ("library", "worker", "lease_cleanup"),
    ("gateway", "postgrest"),
    ("postgres",),
)


@dataclass
class _Watched:
    process: Process
    backoff_seconds: float = _FIRST_BACKOFF_SECONDS
    restart_at: float | None = None


class Supervisor:
    """Runs one stack in this process until it gets SIGTERM or SIGINT."""

    def __init__(self, stack: Stack, *, functions: bool, say: Callable[[str], None]) -> None:
        self._stack = stack
        self._functions = functions
        self._say = say
        self._watched: dict[str, _Watched] = {}
        self._stopping = False

    def run(self, on_ready: Callable[[], None]) -> None:
        """Starts the stack, calls `on_ready`, and keeps the stack running until SIGTERM or SIGINT.

        Raises PartFailed if a part does not start. However this ends, no process is left running.
        """
        signal.signal(signal.SIGTERM, self._on_signal)
        signal.signal(signal.SIGINT, self._on_signal)
        adopt_orphans()
        try:
            self._start_all()
            on_ready()
            self._keep()
        finally:
            self._stop_all()

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self._stopping = True

    def _start_all(self) -> None:
        server = self._stack.server
        if not server.directory.exists():
            self._say(f"creating the database in {server.directory}")
        server.create_data()
        self._start([self._stack.database_part()])
        server.bootstrap()
        migrate(server.url(), say=self._say)
        self._start(self._stack.api_parts())
        if self._functions:
            self._start(self._stack.function_parts())
            self._start([self._stack.scheduler_part()])
        self._publish()

    def _start(self, parts: Sequence[Part]) -> None:
        """Starts parts in parallel and waits until all are ready."""
        for part in parts:
            part.log.unlink(missing_ok=True)
            self._watched[part.name] = _Watched(process=Process(part))
        for part in parts:
            process = self._watched[part.name].process
            process.wait_ready(interrupted=lambda: self._stopping)
            self._say(f"{part.name} is ready ({time.monotonic() - process.started_at:.1f} s)")

    def _keep(self) -> None:
        sweep_at = 0.0
        while not self._stopping:
            for watched in self._watched.values():
                self._check(watched)
            # Orphans of a dead part must be killed before it restarts. Checking in every round would cost too much.
            part_is_dead = any(watched.restart_at is not None for watched in self._watched.values())
            if part_is_dead or time.monotonic() >= sweep_at:
                kill_orphans({watched.process.pid for watched in self._watched.values()})
                sweep_at = time.monotonic() + _SWEEP_SECONDS
            time.sleep(_CHECK_SECONDS)

    def _check(self, watched: _Watched) -> None:
        """Schedules a dead part's restart, or restarts it when that is due."""
        now = time.monotonic()
        if watched.restart_at is not None and now >= watched.restart_at:
            self._restart(watched)
        elif watched.restart_at is None and watched.process.has_exited():
            steady = now - watched.process.started_at > _STEADY_SECONDS
            wait = _FIRST_BACKOFF_SECONDS if steady else watched.backoff_seconds
            watched.restart_at = now + wait
            watched.backoff_seconds = min(wait * 2, _MAX_BACKOFF_SECONDS)
            self._say(f"{watched.process.part.name} died; restarting it in {wait:.1f} s")

    def _restart(self, watched: _Watched) -> None:
        watched.process = Process(watched.process.part)
        watched.restart_at = None
        self._say(f"{watched.process.part.name} runs again as {watched.process.pid}")
        self._publish()

    def _publish(self) -> None:
        pids = {name: watched.process.pid for name, watched in self._watched.items()}
        self._stack.directory.write_stack(
            self._stack.description({"supervisor": os.getpid(), **pids})
        )

    def _stop_all(self) -> None:
        self._stack.directory.stack_file.unlink(missing_ok=True)
        for names in _STOP_ORDER:
            stopping = [self._watched[name].process for name in names if name in self._watched]
            for process in stopping:
                process.request_stop()
            for process in stopping:
                process.wait_stopped(_STOP_TIMEOUT_SECONDS)
            kill_orphans({watched.process.pid for watched in self._watched.values()})
