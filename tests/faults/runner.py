"""A run: load the stack, inject faults, repair them, wait for every job, and check all that happened."""

import asyncio
import time
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

import psycopg

from local.parts.scheduler import trigger_cleanup
from tests.faults.ending import Ending
from tests.faults.evidence.entries import AuditReader
from tests.faults.evidence.history import HistoryReader
from tests.faults.evidence.server_log import faults_in
from tests.faults.injection.breaks import BREAKS, Break
from tests.faults.injection.injector import Injector
from tests.faults.load.clients import run_client
from tests.faults.load.load import Load
from tests.faults.pacing import pause
from tests.faults.report import Ended, Report
from tests.faults.rules.files import Files
from tests.faults.rules.model import Model
from tests.faults.rules.responses import Responses
from tests.faults.stack.layout import CLEANUP_PERIOD_SECONDS, LEASE_TTL_SECONDS
from tests.faults.stack.stack import FaultStack

CALM_SECONDS = 10.0
LONG_ENOUGH_SECONDS = 60.0
MAX_TRIGGERS = 16
"""Cleanup triggers in flight at a time; more would only queue."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What to run. If a rule is `broken` on purpose, the run ends at the first violation of it."""

    seconds: float
    seed: int
    workers: int = 4
    clients: int = 32
    projects: int = 30
    pace_seconds: float = 1.4
    broken: str | None = None

    @property
    def control(self) -> Break | None:
        """The negative control of this run, if it is one."""
        return BREAKS[self.broken] if self.broken else None

    @property
    def calm_seconds(self) -> float:
        """The length of the calm: the last part of the load, without faults."""
        long_enough = self.seconds >= LONG_ENOUGH_SECONDS and self.broken is None
        return CALM_SECONDS if long_enough else 0.0


@dataclass(kw_only=True)
class Run:
    """One run of a plan."""

    plan: Plan
    stack: FaultStack
    load: Load
    injector: Injector
    reader: AuditReader
    history: HistoryReader
    model: Model
    responses: Responses
    cleanup_stopped: asyncio.Event = field(default_factory=asyncio.Event)
    calm: asyncio.Event = field(default_factory=asyncio.Event)
    begun_at: float = field(default_factory=time.monotonic)
    unchecked: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])

    async def all(self) -> Report:
        """Load, faults, repair, drain and check."""
        await self.load.prepare(self.plan.projects)
        cleanup = asyncio.create_task(self._clean_up())
        clients = [
            asyncio.create_task(run_client(self.load, number, self.plan.seed))
            for number in range(self.plan.clients)
        ]
        faults = asyncio.create_task(self._inject())
        await self._watch(self.begun_at + self.plan.seconds - self.plan.calm_seconds)
        self.calm.set()
        await faults
        await self.injector.repair()
        self.responses.health.since = time.monotonic() + self.responses.clock_offset
        await self._watch(time.monotonic() + self.plan.calm_seconds)
        loaded_seconds = time.monotonic() - self.begun_at
        self.load.stopping.set()
        await asyncio.gather(*clients)
        ended = Ended() if self.plan.control else await self._end()
        self.cleanup_stopped.set()
        await cleanup
        files = Files() if self.plan.control else await self._files()
        await self._check()
        if self.plan.control is None:
            self.model.violations += faults_in(self.stack.log("postgres"))
        return self._report(loaded_seconds, ended, files)

    async def _end(self) -> Ended:
        began_at = time.monotonic()
        ending = Ending(stack=self.stack)
        not_ended = await ending.drain()
        drained_seconds = time.monotonic() - began_at
        remains = await ending.settle()
        return Ended(
            not_ended=not_ended,
            drained_seconds=drained_seconds,
            last_end=ending.last_end(),
            settled_seconds=time.monotonic() - began_at - drained_seconds,
            remains=remains,
        )

    async def _files(self) -> Files:
        """Storage compared with the rows, once all garbage has been removed."""
        garbage = await Ending(stack=self.stack).collect_garbage()
        files = Files.of(self.stack.storage, self.stack.admin_url)
        return replace(files, garbage=garbage)

    def _caught(self) -> bool:
        control = self.plan.control
        return control is not None and any(v.rule in control.rules for v in self.model.violations)

    async def _watch(self, until: float) -> None:
        """Check during the run; a negative control ends with its first violation."""
        while time.monotonic() < until and not self._caught():
            await pause(1.0)
            with suppress(psycopg.OperationalError):
                await self._check()

    async def _check(self) -> None:
        """Read responses first: what they report is then in the audit trail. Raises OperationalError."""
        new = self.history.read()
        self.unchecked += [event for event in new if event["requested_at"] >= self.begun_at]
        self.model.replay(await asyncio.to_thread(self.reader.read))
        events, self.unchecked = self.unchecked, []
        self.responses.check(events)

    async def _inject(self) -> None:
        control = self.plan.control
        if control is None:
            await self.injector.run(self.calm, pace_seconds=self.plan.pace_seconds)
            return
        while not self.calm.is_set():
            await asyncio.gather(*(self.injector.inject(name) for name in control.aimed_faults))
            await pause(0.2)

    async def _clean_up(self) -> None:
        """Trigger cleanup periodically, without waiting for the response, as a scheduler does."""
        pending: set[asyncio.Task[None]] = set()
        while not self.cleanup_stopped.is_set():
            if len(pending) < MAX_TRIGGERS:
                pending.add(task := asyncio.create_task(self._trigger()))
                task.add_done_callback(pending.discard)
            await pause(CLEANUP_PERIOD_SECONDS)
        await asyncio.gather(*pending)

    async def _trigger(self) -> None:
        with suppress(OSError):
            url, secret = self.stack.url("lease_cleanup"), self.stack.keys.internal_secret
            await asyncio.to_thread(trigger_cleanup, url, secret)

    def _quiet_recoveries(self) -> tuple[float, ...]:
        """Recoveries during which no fault hit what cleanup needs."""
        offset = self.responses.clock_offset
        return tuple(
            after
            for at, after in self.model.recoveries
            if self.injector.was_quiet(at - after - offset, at - offset)
        )

    def _report(self, seconds: float, ended: Ended, files: Files) -> Report:
        return Report(
            seed=self.plan.seed,
            seconds=seconds,
            workers=self.plan.workers,
            pace_seconds=self.plan.pace_seconds,
            operations=self.model.operations,
            client_counts=self.load.counts,
            responses=self.responses.counts,
            failures=self.load.failures,
            faults=self.injector.counts + self.stack.proxy.counts,
            faults_not_counted=self.injector.not_counted,
            calm=self.responses.health.calm(self.model.dead_leases),
            refused_writes=self.responses.refused_writes,
            durations=self.responses.durations,
            deliveries=self.injector.deliveries.outcomes,
            recoveries=tuple(after for _, after in self.model.recoveries),
            quiet_recoveries=self._quiet_recoveries(),
            recovery_bound_seconds=LEASE_TTL_SECONDS + CLEANUP_PERIOD_SECONDS,
            ended=ended,
            files=files,
            violations=tuple(self.model.violations),
            broken=self.plan.broken,
        )
