"""The clients of a run: each performs one action after another on projects that all clients share."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx

from shared.dispatch.dispatch import dispatch
from shared.errors import EditAIError, LeaseLost
from shared.jobs.leases import Busy, acquire_lease, keep_lease, release_lease
from shared.jobs.lifecycle import JobRequest, cancel_job, start_job
from shared.jobs.progress import get_generation_progress
from shared.jobs.records import Lease
from shared.settings import get_settings
from tests.faults.load.load import OWNER, Load, Target
from tests.faults.pacing import pause

HOLD_TTL_SECONDS = 1.0
ACCEPTED = 202
SHORT_DEADLINES = 0.1
"""The share of jobs with a deadline so short that it passes before or during the work."""
PRESETS = ("instagram_reels", "youtube_shorts")


async def run_client(load: Load, number: int, seed: int) -> None:
    """Act until stopped."""
    client = Client(load=load, chance=random.Random(f"{seed}/{number}"))  # noqa: S311
    while not load.stopping.is_set():
        await client.act()


@dataclass(kw_only=True)
class Client:
    """One caller; its choices come from its own seed."""

    load: Load
    chance: random.Random
    last_start: tuple[Target, dict[str, Any], str] | None = None

    async def act(self) -> None:
        """Perform one action; failures caused by faults are counted."""
        actions = self._actions()
        name = self.chance.choices(list(actions), [weight for weight, _ in actions.values()])[0]
        target = self.chance.choice(self.load.targets)
        try:
            await actions[name][1](target)
        except LeaseLost:
            self.load.failures["leases lost by clients"] += 1
        except EditAIError as error:
            self.load.failures[f"{type(error).__name__} {getattr(error, 'sqlstate', '')}"] += 1
            await pause(self.chance.uniform(0, 0.3))
        else:
            self.load.counts[name] += 1
        await pause(self.chance.expovariate(1 / 0.05))

    def _actions(self) -> dict[str, tuple[float, Callable[[Target], Awaitable[None]]]]:
        over_http = 1.0 if self.load.with_library else 0.0
        return {
            "starts over HTTP": (24 * over_http, self._start_over_http),
            "starts over SQL": (24, self._start),
            "starts with an upload": (3 * over_http, self._start_with_upload),
            "starts from segments": (5 * over_http, self._start_from_segments),
            "renders": (8 * over_http, self._render),
            "starts repeated": (3 * over_http, self._repeat_start),
            "cancels over HTTP": (3 * over_http, self._cancel_over_http),
            "cancels over SQL": (3, self._cancel),
            "progress reads over HTTP": (10 * over_http, self._read_over_http),
            "progress reads over SQL": (10, self._read),
            "deletions": (1.5 * over_http, self.load.replace),
            "keys held": (20, self._hold_key),
            "projects held": (2, self._hold_project),
        }

    def _params(self, target: Target) -> dict[str, Any]:
        return {
            "source_id": str(target.source_id),
            "variant_count": self.chance.choice((1, 1, 2, 3)),
            "target_duration": 1.0,
            "seed": self.chance.randrange(1000),
        }

    async def _start_over_http(self, target: Target) -> None:
        key = str(uuid4())
        self.last_start = (target, self._params(target), key)
        await self._post_start(*self.last_start, prefer=self.chance.choice(("", "", "wait=1")))

    async def _start_with_upload(self, target: Target) -> None:
        fields = {"variant_count": "1", "target_duration": "1"}
        video = await asyncio.to_thread(self.load.video.read_bytes)
        response = await self.load.send(
            "start", "POST", target, "/generate", data=fields, files={"video": ("tiny.mp4", video)}
        )
        self._remember(response)

    async def _start_from_segments(self, target: Target) -> None:
        source_id, middle = str(target.source_id), self.chance.uniform(0.5, 1.5)
        spans = ((0.0, middle), (middle, 2.5))
        body = {
            "segments": [{"source_id": source_id, "start": s, "end": e} for s, e in spans],
            "target_duration": 1.0,
            "variant_count": self.chance.choice((1, 2)),
        }
        response = await self.load.send(
            "start", "POST", target, "/generate-from-segments", json=body
        )
        self._remember(response)

    async def _render(self, target: Target) -> None:
        listed = await self.load.send("clips", "GET", target, "/clips")
        clips = listed.json().get("items") if listed is not None else None
        if clips:
            response = await self.load.send(
                "start",
                "POST",
                target,
                "/render",
                clip_id=self.chance.choice(clips)["id"],
                json={"preset": self.chance.choice(PRESETS)},
                headers={"Idempotency-Key": str(uuid4())},
            )
            self._remember(response)

    async def _repeat_start(self, target: Target) -> None:
        if self.last_start is None:
            await self._start_over_http(target)
        else:
            await self._post_start(*self.last_start, prefer="")

    async def _post_start(
        self, target: Target, params: dict[str, Any], key: str, *, prefer: str
    ) -> None:
        headers = {"Idempotency-Key": key} | ({"Prefer": prefer} if prefer else {})
        response = await self.load.send(
            "start", "POST", target, "/generate", json=params, headers=headers
        )
        self._remember(response)

    def _remember(self, response: httpx.Response | None) -> None:
        if response is not None and response.status_code == ACCEPTED:
            self.load.recent_jobs.append(response.json()["job"]["id"])

    async def _start(self, target: Target) -> None:
        request = JobRequest(
            project_id=target.id, owner_id=OWNER, kind="raw_clips", params=self._params(target)
        )
        settings = get_settings()
        if self.chance.random() < SHORT_DEADLINES:
            deadline = self.chance.uniform(1.0, 6.0)
            settings = settings.model_copy(update={"job_deadline_seconds": deadline})
        start = await start_job(request, settings)
        if start.outcome == "started" and start.job:
            self.load.recent_jobs.append(str(start.job.id))
            await dispatch(start.job.id, settings)

    async def _cancel_over_http(self, target: Target) -> None:
        await self.load.send("cancel", "POST", target, "/cancel")

    async def _cancel(self, target: Target) -> None:
        await cancel_job(target.id, OWNER)

    async def _read_over_http(self, target: Target) -> None:
        await self.load.send("progress", "GET", target, "/progress")

    async def _read(self, target: Target) -> None:
        await get_generation_progress(target.id, OWNER)

    async def _hold_key(self, _target: Target) -> None:
        await self._hold(f"key-{self.chance.randrange(3)}")

    async def _hold_project(self, target: Target) -> None:
        await self._hold(target.id)

    async def _hold(self, key: str) -> None:
        """Hold a key as an ordinary caller does; sometimes forget to renew, and release too late."""
        lease = await acquire_lease(
            key, holder="client", ttl_seconds=HOLD_TTL_SECONDS, wait_seconds=0.3
        )
        if isinstance(lease, Busy):
            return
        if self.chance.random() < 0.25:
            await pause(HOLD_TTL_SECONDS * self.chance.uniform(0.5, 1.8))
        else:
            await self._keep(lease)
        await release_lease(lease)

    async def _keep(self, lease: Lease) -> None:
        async with keep_lease(lease, ttl_seconds=HOLD_TTL_SECONDS):
            await pause(self.chance.uniform(0, 1.5))
