"""Whatever the data API responds, the library's response is one that it documents: 503 instead of an internal error."""

import json
from asyncio import StreamReader, StreamWriter
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from shared.answers import Form, WrongForm, parsed
from shared.database import client
from shared.database.client import close_supabase
from shared.http_client import MAX_RESPONSE_BYTES
from tests.api.resources.test_clips import make_clips
from tests.support.backend import Backend
from tests.support.database import Connection
from tests.support.library_client import Api, problem
from tests.support.serving import read_request, serving
from tests.support.settings import forget_settings
from tests.support.wrong_forms import NOT_JSON, WRONG, others

Request = tuple[str, str, dict[str, Any] | None]


@dataclass(kw_only=True)
class Peer:
    """Stands before the data API. Records what each function or table responds; responds with something else."""

    url: str
    recorded: dict[str, bytes] = field(default_factory=dict[str, bytes])
    altered: dict[str, bytes] = field(default_factory=dict[str, bytes])
    called: list[str] = field(default_factory=list[str])
    status: str = "200 OK"

    async def handle(self, reader: StreamReader, writer: StreamWriter) -> None:
        """Respond to one request."""
        line, headers, content = await read_request(reader)
        method, target, _ = line.split()
        name = target.partition("?")[0].rpartition("/")[2]
        self.called.append(name)
        if name not in self.recorded:
            self.recorded[name] = await self._ask(method, target, headers, content)
        status = self.status if name in self.altered else "200 OK"
        body = self.altered.get(name, self.recorded[name])
        writer.write(
            f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode()
        )
        writer.write(body)
        await writer.drain()
        writer.close()

    async def _ask(
        self, method: str, target: str, headers: dict[str, str], content: bytes
    ) -> bytes:
        passed_on = {
            name: value
            for name, value in headers.items()
            if name in ("apikey", "authorization", "content-type", "accept", "prefer")
        }
        async with httpx.AsyncClient(base_url=self.url) as client:
            response = await client.request(method, target, headers=passed_on, content=content)
        assert response.is_success, response.text
        return response.content


@pytest.fixture
async def peer(fresh_state: Backend, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Peer]:
    """The library in this process calls this peer as its data API, once `SUPABASE_URL` is read again."""
    peer = Peer(url=fresh_state.gateway.url)
    async with serving(peer.handle) as url:
        monkeypatch.setenv("SUPABASE_URL", url)
        yield peer
        monkeypatch.undo()
    await reconnect()


async def reconnect() -> None:
    """Let the library in this process read its settings again, and connect to what they say."""
    forget_settings()
    await close_supabase()


@pytest.fixture
async def requests(
    api: Api, project: str, admin: Connection, monkeypatch: pytest.MonkeyPatch
) -> list[Request]:
    """A valid request of each route that reads or writes the database."""
    monkeypatch.setattr("shared.database.client.CALL_TIMEOUT_SECONDS", 1.0)
    monkeypatch.setattr("shared.database.client.FIRST_PAUSE_SECONDS", 2.0)
    (clip,) = await make_clips(api, project, 1)
    admin.execute(
        "insert into editai_exports (project_id, clip_id, job_id, preset, options, storage_path, thumbnail_path,"
        " duration_seconds, size_bytes, width, height, frame_rate) select project_id, id, job_id, 'youtube', '{}',"
        " storage_path, thumbnail_path, 3, 5, 1280, 720, 24 from editai_clips"
    )
    at, source = f"projects/{project}", str(clip.segments[0].source_id)
    segment = {"source_id": source, "start": 0, "end": 3}
    return [
        ("GET", "projects?limit=1", None),
        ("GET", at, None),
        ("PATCH", at, {"name": "Reel"}),
        ("GET", f"{at}/progress", None),
        ("GET", f"{at}/sources", None),
        ("GET", f"{at}/clips", None),
        ("GET", f"clips/{clip.id}", None),
        ("PATCH", f"clips/{clip.id}", {"is_selected": True}),
        ("GET", f"clips/{clip.id}/exports", None),
        ("GET", "export-presets", None),
        ("GET", "readyz", None),
        ("POST", "projects", {"name": "Reel"}),
        ("POST", f"{at}/sources", {"file_name": "a.mp4"}),
        ("POST", f"sources/{source}/confirm", None),
        ("POST", f"{at}/generate", {"source_id": source}),
        ("POST", f"{at}/cancel", None),
        ("POST", f"{at}/generate-from-segments", {"segments": [segment], "target_duration": 1}),
        ("DELETE", f"clips/{clip.id}", None),
    ]


async def send(api: Api, request: Request) -> httpx.Response:
    method, path, body = request
    return await api.call(method, path, json=body) if body else await api.call(method, path)


AFTER_THE_RESPONSE = {"editai_claim_delivery"}
"""What the library calls when it has responded: no response tells of it."""


@pytest.fixture
def forms(monkeypatch: pytest.MonkeyPatch) -> dict[str, Form[Any]]:
    """The form of each result that the library asks for, by its function; filled as it asks."""
    forms: dict[str, Form[Any]] = {}
    attempt: Callable[..., Any] = client._call  # pyright: ignore[reportPrivateUsage]

    def noted(function: str, form: Form[Any], *rest: Any) -> Any:
        forms[f"editai_{function}"] = form
        return attempt(function, form, *rest)

    monkeypatch.setattr(client, "_call", noted)
    return forms


def is_refused(body: bytes, form: Form[Any]) -> bool:
    try:
        parsed(body, form)
    except WrongForm:
        return True
    return False


def worth_sending(bodies: list[bytes], form: Form[Any] | None) -> list[bytes]:
    """All that are not refused as such, and one that is. A table's rows are read by another library: all of them."""
    if form is None:
        return bodies
    refused = [body for body in bodies if is_refused(body, form)]
    return [*refused[:1], *(body for body in bodies if body not in refused)]


async def test_a_response_of_another_form_is_never_an_internal_error(
    api: Api, requests: list[Request], peer: Peer, forms: dict[str, Form[Any]]
) -> None:
    await reconnect()
    unavailable: Counter[str] = Counter()
    tried: set[str] = set()
    for request in requests:
        peer.altered, peer.called, peer.recorded = {}, [], {}
        good = await send(api, request)
        assert good.status_code < 300 or good.status_code == 409, good.text
        for name in set(peer.called) - tried - AFTER_THE_RESPONSE:
            tried.add(name)
            recorded = json.loads(peer.recorded[name])
            bodies = [*NOT_JSON, *(json.dumps(each).encode() for each in others(recorded))]
            sent = worth_sending(bodies, forms.get(name))
            # Each of those that are not sent is refused as the first one is: by its form, before anything reads it.
            unavailable[name] += len(bodies) - len(sent)
            for body in sent:
                peer.altered = {name: body}
                response = await send(api, request)
                status = response.status_code
                assert status != 500, (request, name, body[:1000])
                if status == 503:
                    problem(response, 503, "database-unavailable")
                    assert response.headers["retry-after"]
                    unavailable[name] += 1
    assert len(tried) > 15
    assert all(unavailable[name] >= len(WRONG) for name in tried), unavailable


@pytest.mark.parametrize(
    ("status", "body"),
    [
        ("401 Unauthorized", b'{"code": "PGRST301", "message": "JWSError JWSInvalidSignature"}'),
        ("404 Not Found", b'{"code": "PGRST202", "message": "Could not find the function"}'),
        ("302 Found", b""),
        ("200 OK", b" " * (MAX_RESPONSE_BYTES + 1)),
        ("500 Internal Server Error", b"[" * 200_000),
    ],
    ids=["a rotated key", "a pending migration", "a redirect", "too long", "too deep"],
)
async def test_a_refusal_that_someone_must_mend_is_503_with_retry_after(
    api: Api, requests: list[Request], peer: Peer, status: str, body: bytes
) -> None:
    await reconnect()
    peer.status = status
    for request in (requests[1], requests[2], requests[5]):
        await send(api, request)
        peer.altered = dict.fromkeys(peer.recorded, body)
        response = await send(api, request)
        problem(response, 503, "database-unavailable")
        assert response.headers["retry-after"] == "5"
