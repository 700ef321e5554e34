"""Which parts of a request reach the library, and which parts of its response reach the caller."""

import json
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from tests.api.edge.conftest import Frontend
from tests.api.edge.process import EdgeProcess
from tests.support.backend import Backend
from tests.support.users import User


@dataclass(kw_only=True)
class Upstream:
    """A server in the library's place, and the requests that it got."""

    url: str
    requests: list[tuple[str, Mapping[str, str], Any]] = field(
        default_factory=list[tuple[str, Mapping[str, str], Any]]
    )


@pytest.fixture
def upstream(edge: EdgeProcess) -> Iterator[Upstream]:
    """It answers every request with 202 and headers that are not all meant for a browser."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            """Remember the request."""
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            headers = {name.lower(): value for name, value in self.headers.items()}
            upstream.requests.append((self.path, headers, body))
            self.send_response(202)
            for name in ("Location", "Retry-After", "Set-Cookie", "X-Cloud-Trace-Context"):
                self.send_header(name, "here")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - inherited
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        upstream = Upstream(url=f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        edge.start(LIBRARY_URL=f"{upstream.url}/api/v1/library")
        yield upstream
        server.shutdown()
        thread.join()


async def test_only_listed_request_headers_reach_the_library(
    upstream: Upstream, frontend: Frontend, user: User, backend: Backend
) -> None:
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    await frontend.start(
        Idempotency_Key="one", Prefer="respond-async, wait=7", Traceparent=trace, Cookie="a=b"
    )
    [(path, headers, body)] = upstream.requests
    assert path == "/api/v1/library/projects/reel/generate"
    assert headers["authorization"] == f"Bearer {user.token}"
    assert headers["idempotency-key"] == "one"
    assert headers["prefer"] == "wait=7"
    assert headers["traceparent"] == trace
    assert headers["content-type"] == "application/json"
    assert not {"cookie", "apikey"} & set(headers)
    assert backend.project.internal_secret not in str(headers)
    assert body == {
        "source_id": str(frontend.source_id),
        "variant_count": 1,
        "target_duration": 2,
    }


async def test_only_listed_response_headers_reach_the_caller(
    upstream: Upstream, frontend: Frontend
) -> None:
    answer = await frontend.start()
    assert upstream.requests
    assert answer.status_code == 202
    assert answer.headers["location"] == "here"
    assert answer.headers["retry-after"] == "here"
    assert not {"set-cookie", "x-cloud-trace-context"} & set(answer.headers)
