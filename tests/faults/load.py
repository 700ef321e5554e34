"""The clients of a run: each does one thing after another to projects that all of them share."""

import asyncio
import os
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx

from shared.database import call
from shared.dispatch import dispatch
from shared.errors import EditAIError, LeaseLost
from shared.jobs import JobRequest, cancel_job, start_job
from shared.leases import Busy, acquire_lease, keep_lease, release_lease
from shared.progress import get_generation_progress
from shared.records import Lease
from shared.settings import get_settings
from tests.faults.history import History
from tests.faults.pacing import pause

HOLD_TTL_SECONDS = 1.0
ACCEPTED = 202
BODY_LENGTH = 4000
GONE = (204, 404)
PREPARED = "prepared.mp4"
"""The name of a source that this module makes: its file is there only where no fault came in between."""
OWNER = UUID(int=0xED17)
FACTS = {"duration_seconds": 3.0, "width": 160, "height": 90, "frame_rate": 25, "has_audio": True}


@dataclass(frozen=True, kw_only=True)
class Target:
    """A project with its one source."""

    id: str
    source_id: UUID


@dataclass(kw_only=True)
class Load:
    """What all clients share. `counts` are things done, `failures` answers that were no use."""

    library: httpx.AsyncClient
    history: History
    storage: Path
    video: Path
    targets: list[Target] = field(default_factory=list[Target])
    recent_jobs: list[str] = field(default_factory=list[str])
    counts: Counter[str] = field(default_factory=Counter[str])
    failures: Counter[str] = field(default_factory=Counter[str])
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    with_library: bool = True

    async def prepare(self, projects: int) -> None:
        """Make the projects."""
        for _ in range(projects):
            self.targets.append(await self._new_target())

    async def run_client(self, number: int, seed: int) -> None:
        """Act until stopped."""
        client = Client(load=self, chance=random.Random(f"{seed}/{number}"))  # noqa: S311
        while not self.stopping.is_set():
            await client.act()

    async def _new_target(self) -> Target:
        target = Target(id=str(uuid4()), source_id=uuid4())
        path = f"{target.id}/sources/{target.source_id}.mp4"
        owner = str(OWNER)
        await call("create_project", owner_id=owner, name="Faults", project_id=target.id)
        await call(
            "create_source",
            project_id=target.id,
            owner_id=owner,
            source_id=str(target.source_id),
            file_name=PREPARED,
            storage_path=path,
            content_type="video/mp4",
        )
        facts = {**FACTS, "size_bytes": self.video.stat().st_size}
        await call("confirm_source", source_id=str(target.source_id), owner_id=owner, facts=facts)
        # Last, so that a call that fails leaves no file without its row.
        file = self.storage / path
        file.parent.mkdir(parents=True)
        os.link(self.video, file)
        return target

    async def replace(self, target: Target) -> None:
        """Delete a project unless it is busy, and make another one; where that fails, somebody else will."""
        answer = await self.send("delete", "DELETE", target)
        if answer is not None and answer.status_code in GONE:
            self.targets.append(await self._new_target())
            with suppress(ValueError):
                self.targets.remove(target)

    async def send(
        self, name: str, method: str, target: Target, path: str = "", **request: Any
    ) -> httpx.Response | None:
        """One request to the library, written down with its answer; None when none came."""
        asked_at = time.monotonic()
        try:
            url = f"/projects/{target.id}{path}"
            answer = await self.library.request(method, url, **request)
        except httpx.HTTPError as error:
            self.failures[f"library: {type(error).__name__}"] += 1
            return None
        self.history.write(
            http=name,
            project_id=target.id,
            asked_at=asked_at,
            answered_at=time.monotonic(),
            status=answer.status_code,
            key=request.get("headers", {}).get("Idempotency-Key"),
            answer=_json(answer),
            **_refusal(answer),
        )
        return answer


def _json(answer: httpx.Response) -> Any:
    try:
        return answer.json()
    except ValueError:
        return None


def _refusal(answer: httpx.Response) -> dict[str, Any]:
    """What a refusal is judged by."""
    if not answer.is_error:
        return {}
    return {
        "content_type": answer.headers.get("Content-Type"),
        "retry_after": answer.headers.get("Retry-After"),
        "body": answer.text[:BODY_LENGTH],
    }


@dataclass(kw_only=True)
class Client:
    """One caller, whose choices come from its own seed."""

    load: Load
    chance: random.Random
    last_start: tuple[Target, dict[str, Any], str] | None = None

    async def act(self) -> None:
        """Do one thing; what faults make of it is counted."""
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
        answer = await self.load.send(
            "start", "POST", target, "/generate", data=fields, files={"video": ("tiny.mp4", video)}
        )
        self._remember(answer)

    async def _repeat_start(self, target: Target) -> None:
        if self.last_start is None:
            await self._start_over_http(target)
        else:
            await self._post_start(*self.last_start, prefer="")

    async def _post_start(
        self, target: Target, params: dict[str, Any], key: str, *, prefer: str
    ) -> None:
        headers = {"Idempotency-Key": key} | ({"Prefer": prefer} if prefer else {})
        answer = await self.load.send(
            "start", "POST", target, "/generate", json=params, headers=headers
        )
        self._remember(answer)

    def _remember(self, answer: httpx.Response | None) -> None:
        if answer is not None and answer.status_code == ACCEPTED:
            self.load.recent_jobs.append(answer.json()["job"]["id"])

    async def _start(self, target: Target) -> None:
        request = JobRequest(
            project_id=target.id, owner_id=OWNER, kind="raw_clips", params=self._params(target)
        )
        settings = get_settings()
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
        """Hold a key as an ordinary caller does; now and then forget to renew, and release too late."""
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
