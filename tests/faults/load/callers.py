"""Callers that go on asking a library whose database is away."""

import time
from dataclasses import dataclass, field
from uuid import uuid4

import httpx

from tests.faults.pacing import pause

ASKED = (("GET", "/projects"), ("GET", "/progress"), ("POST", "/cancel"), ("POST", "/generate"))
PAUSE_SECONDS = 0.1
PATIENCE_SECONDS = 120
OK = 200


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a caller was told, and how long it waited for that."""

    request: str
    status: int
    seconds: float
    retry_after: str | None


@dataclass(kw_only=True)
class Callers:
    """One request after another, as one user's pages send them."""

    library: str
    token: str
    answers: list[Answer] = field(default_factory=list[Answer])

    async def ask(self, project_id: str, for_seconds: float) -> None:
        """Read, cancel and start, until the time is over."""
        until = time.monotonic() + for_seconds
        async with self._http() as http:
            while time.monotonic() < until:
                for method, path in ASKED:
                    self.answers.append(await self._ask_once(http, method, project_id, path))
                    await pause(PAUSE_SECONDS)

    async def until_served(self, project_id: str) -> float:
        """Wait for the first answer that is no refusal; how many seconds that took."""
        began_at = time.monotonic()
        async with self._http() as http:
            while time.monotonic() < began_at + PATIENCE_SECONDS:
                answer = await self._ask_once(http, "GET", project_id, "/progress")
                if answer.status == OK:
                    return time.monotonic() - began_at
                await pause(PAUSE_SECONDS)
        raise RuntimeError("the library does not recover")

    async def _ask_once(
        self, http: httpx.AsyncClient, method: str, project_id: str, path: str
    ) -> Answer:
        url = path if path == "/projects" else f"/projects/{project_id}{path}"
        body = {"source_id": str(uuid4())} if path == "/generate" else None
        requested_at = time.monotonic()
        answer = await http.request(method, self.library + url, json=body)
        return Answer(
            request=f"{method} {path}",
            status=answer.status_code,
            seconds=time.monotonic() - requested_at,
            retry_after=answer.headers.get("retry-after"),
        )

    def _http(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(timeout=30, headers={"Authorization": f"Bearer {self.token}"})
