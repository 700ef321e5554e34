"""Callers that keep sending requests to a library whose database is away."""

import time
from dataclasses import dataclass, field
from uuid import uuid4

import httpx

from tests.faults.pacing import pause

REQUESTS = (("GET", "/projects"), ("GET", "/progress"), ("POST", "/cancel"), ("POST", "/generate"))
PAUSE_SECONDS = 0.1
TIMEOUT_SECONDS = 120
OK = 200


@dataclass(frozen=True, kw_only=True)
class Response:
    """A response, and how long it took."""

    request: str
    status: int
    seconds: float
    retry_after: str | None


@dataclass(kw_only=True)
class Callers:
    """One request after another, as a user's page sends them."""

    library: str
    token: str
    responses: list[Response] = field(default_factory=list[Response])

    async def send_requests(self, project_id: str, for_seconds: float) -> None:
        """Read, cancel and start for this long."""
        until = time.monotonic() + for_seconds
        async with self._http() as http:
            while time.monotonic() < until:
                for method, path in REQUESTS:
                    self.responses.append(await self._send(http, method, project_id, path))
                    await pause(PAUSE_SECONDS)

    async def until_served(self, project_id: str) -> float:
        """Wait for the first response with status 200. Returns how many seconds that took."""
        began_at = time.monotonic()
        async with self._http() as http:
            while time.monotonic() < began_at + TIMEOUT_SECONDS:
                response = await self._send(http, "GET", project_id, "/progress")
                if response.status == OK:
                    return time.monotonic() - began_at
                await pause(PAUSE_SECONDS)
        raise RuntimeError("the library does not recover")

    async def _send(
        self, http: httpx.AsyncClient, method: str, project_id: str, path: str
    ) -> Response:
        url = path if path == "/projects" else f"/projects/{project_id}{path}"
        body = {"source_id": str(uuid4())} if path == "/generate" else None
        requested_at = time.monotonic()
        response = await http.request(method, self.library + url, json=body)
        return Response(
            request=f"{method} {path}",
            status=response.status_code,
            seconds=time.monotonic() - requested_at,
            retry_after=response.headers.get("retry-after"),
        )

    def _http(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(timeout=30, headers={"Authorization": f"Bearer {self.token}"})
