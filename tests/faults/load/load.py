"""The projects that all clients of a run share, and the requests about them."""

import asyncio
import os
import time
from collections import Counter, deque
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx

from shared.answers import ANYTHING
from shared.database.client import call
from shared.errors import DatabaseUnavailable
from tests.faults.evidence.history import History

BODY_LENGTH = 4000
GONE = (204, 404)
PREPARED = "prepared.mp4"
"""The file name of the sources that this module makes. A fault may leave one without its file."""
REMEMBERED_JOBS = 500
"""About half a minute of jobs: by then most have ended, and some of their projects are deleted."""

OWNER = UUID(int=0xED17)
FACTS = {"duration_seconds": 3.0, "width": 160, "height": 90, "frame_rate": 25, "has_audio": True}


@dataclass(frozen=True, kw_only=True)
class Target:
    """A project with its one source."""

    id: str
    source_id: UUID


@dataclass(kw_only=True)
class Load:
    """What all clients share. `counts` are completed actions, `failures` are failed requests."""

    library: httpx.AsyncClient
    history: History
    storage: Path
    video: Path
    targets: list[Target] = field(default_factory=list[Target])
    recent_jobs: deque[str] = field(default_factory=lambda: deque[str](maxlen=REMEMBERED_JOBS))
    counts: Counter[str] = field(default_factory=Counter[str])
    failures: Counter[str] = field(default_factory=Counter[str])
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    with_library: bool = True

    async def prepare(self, projects: int) -> None:
        """Create the projects."""
        while len(self.targets) < projects:
            with suppress(DatabaseUnavailable):
                self.targets.append(await self._new_target())

    async def _new_target(self) -> Target:
        target = Target(id=str(uuid4()), source_id=uuid4())
        path = f"{target.id}/sources/{target.source_id}.mp4"
        owner = str(OWNER)
        await call("create_project", ANYTHING, owner_id=owner, name="Faults", project_id=target.id)
        await call(
            "create_source",
            ANYTHING,
            project_id=target.id,
            owner_id=owner,
            source_id=str(target.source_id),
            file_name=PREPARED,
            storage_path=path,
            content_type="video/mp4",
        )
        facts = {**FACTS, "size_bytes": self.video.stat().st_size}
        await call(
            "confirm_source",
            ANYTHING,
            repeatable=True,
            source_id=str(target.source_id),
            owner_id=owner,
            facts=facts,
        )
        # Last, so that a call that fails leaves no file without its row.
        file = self.storage / path
        file.parent.mkdir(parents=True)
        os.link(self.video, file)
        return target

    async def replace(self, target: Target) -> None:
        """Delete a project unless it is busy, and create another one. If that fails, a later call does it."""
        response = await self.send("delete", "DELETE", target)
        if response is not None and response.status_code in GONE:
            self.targets.append(await self._new_target())
            with suppress(ValueError):
                self.targets.remove(target)

    async def send(
        self,
        name: str,
        method: str,
        target: Target,
        path: str = "",
        *,
        clip_id: str | None = None,
        **request: Any,
    ) -> httpx.Response | None:
        """Send a request about a project or one of its clips, and record the response; None if there is none."""
        requested_at = time.monotonic()
        thing = f"/clips/{clip_id}" if clip_id else f"/projects/{target.id}"
        try:
            response = await self.library.request(method, thing + path, **request)
        except httpx.HTTPError as error:
            self.failures[f"library: {type(error).__name__}"] += 1
            return None
        self.history.write(
            http=name,
            project_id=target.id,
            requested_at=requested_at,
            responded_at=time.monotonic(),
            status=response.status_code,
            key=request.get("headers", {}).get("Idempotency-Key"),
            response=_json(response),
            **_refusal(response),
        )
        return response


def _json(response: httpx.Response) -> Any:
    try:
        return response.json()
    except ValueError:
        return None


def _refusal(response: httpx.Response) -> dict[str, Any]:
    """What the rules for refusals need."""
    if not response.is_error:
        return {}
    return {
        "content_type": response.headers.get("Content-Type"),
        "retry_after": response.headers.get("Retry-After"),
        "body": response.text[:BODY_LENGTH],
    }
