"""What start-job refuses itself, and how it responds while the library is away."""

import json
import os
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.api.edge.conftest import Frontend
from tests.api.edge.process import EdgeProcess
from tests.support.library_client import problem

MAX_BYTES = 1_000_000


@pytest.mark.parametrize(
    ("changes", "detail"),
    [
        (
            {"kind": None},
            "body.kind: Input should be one of raw_clips, segment_clips, final_render.",
        ),
        (
            {"kind": "constructor"},
            "body.kind: Input should be one of raw_clips, segment_clips, final_render.",
        ),
        ({"project_id": None}, "body.project_id: Input should be a valid id."),
        ({"project_id": "../clips"}, "body.project_id: Input should be a valid id."),
        ({"project_id": "a" * 65}, "body.project_id: Input should be a valid id."),
        ({"project_id": "reel?wait=1"}, "body.project_id: Input should be a valid id."),
        ({"project_id": 7}, "body.project_id: Input should be a valid id."),
        ({"kind": "final_render"}, "body.clip_id: Field required."),
        ({"kind": "final_render", "clip_id": "reel"}, "body.clip_id: Input should be a valid id."),
    ],
)
async def test_a_request_that_names_no_job_is_refused(
    frontend: Frontend, changes: dict[str, Any], detail: str
) -> None:
    content = problem(await frontend.start(frontend.raw_clips(**changes)), 422, "invalid-request")
    assert content["detail"] == detail
    assert f"{content['errors'][0]['location']}: " in detail


@pytest.mark.parametrize(
    ("params", "place"),
    [
        ({"variant_count": 11}, "variant_count"),
        ({"target_duration": "long"}, "target_duration"),
        ({"colour": "red"}, "colour"),
        ({"clip_id": "5f9c5f53-9a8a-4b8b-8b1e-0a4c7d0f9a11"}, "clip_id"),
    ],
)
async def test_invalid_parameters_are_refused_by_the_library(
    frontend: Frontend, params: dict[str, Any], place: str
) -> None:
    answer = await frontend.start(frontend.raw_clips(**params))
    content = problem(answer, 422, "invalid-request")
    assert place in content["errors"][0]["location"]


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b'{"kind": NaN}', b"[" * 500_000])
async def test_a_body_that_is_no_json_is_refused(frontend: Frontend, body: bytes) -> None:
    answer = await _post(frontend, body)
    assert problem(answer, 400, "malformed-request")["detail"] == "The body is not valid JSON."


@pytest.mark.parametrize("body", [b"[]", b"null", b'"raw_clips"'])
async def test_a_body_that_is_no_object_is_refused(frontend: Frontend, body: bytes) -> None:
    content = problem(await _post(frontend, body), 422, "invalid-request")
    assert content["detail"] == "body: Input should be a JSON object."


async def test_a_multipart_upload_is_refused(frontend: Frontend) -> None:
    answer = await frontend.http.post("start-job", files={"video": ("a.mp4", b"...", "video/mp4")})
    content = problem(answer, 415, "unsupported-media-type")
    assert content["detail"] == "Send the body as application/json."


async def test_a_large_body_is_refused(frontend: Frontend) -> None:
    content = problem(await _post(frontend, b" " * (MAX_BYTES + 1)), 413, "payload-too-large")
    assert content["max_bytes"] == MAX_BYTES


async def test_a_large_body_that_hides_its_length_is_refused(frontend: Frontend) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(12):
            yield b" " * (MAX_BYTES // 10)

    problem(await _post(frontend, chunks()), 413, "payload-too-large")


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
async def test_another_method_is_refused(frontend: Frontend, method: str) -> None:
    answer = await frontend.http.request(method, "start-job")
    problem(answer, 405, "method-not-allowed")
    assert answer.headers["allow"] == "POST"


async def test_the_largest_body_takes_a_fraction_of_an_edge_functions_cpu_time(
    edge: EdgeProcess, frontend: Frontend
) -> None:
    """Supabase ends a request that has used two seconds of a processor."""
    segment = {"source_id": str(frontend.source_id), "start": 1, "end": 2}
    segments = [segment] * 12_000
    body = json.dumps({"kind": "segment_clips", "project_id": "reel", "segments": segments})
    assert MAX_BYTES * 0.8 < len(body) < MAX_BYTES
    before = _processor_seconds(edge.pid)
    answer = await _post(frontend, body.encode())
    problem(answer, 422, "invalid-request")
    assert _processor_seconds(edge.pid) - before < 0.5


async def test_a_library_that_is_away_is_a_502(edge: EdgeProcess, frontend: Frontend) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    edge.start(LIBRARY_URL=f"http://127.0.0.1:{port}")
    answer = await frontend.start()
    problem(answer, 502, "upstream-unreachable")
    assert answer.headers["retry-after"] == "5"
    assert answer.headers["access-control-allow-origin"] == "*"
    assert str(port) not in edge.log


async def test_a_library_that_does_not_respond_is_a_504(
    edge: EdgeProcess, frontend: Frontend
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        edge.start(LIBRARY_URL=url, ANSWER_TIMEOUT_SECONDS="0.2")
        answer = await frontend.start()
    content = problem(answer, 504, "upstream-timeout")
    assert "same Idempotency-Key" in content["detail"]
    assert answer.headers["access-control-allow-origin"] == "*"


async def test_a_missing_setting_is_told_to_the_operator_only(
    edge: EdgeProcess, frontend: Frontend
) -> None:
    edge.start(LIBRARY_URL="")
    answer = await frontend.start()
    problem(answer, 500, "internal-error")
    assert "LIBRARY_URL" not in answer.text
    assert "the environment lacks LIBRARY_URL" in edge.log


async def test_a_token_does_not_follow_a_redirect(
    edge: EdgeProcess, frontend: Frontend, redirecting: str
) -> None:
    edge.start(LIBRARY_URL=redirecting)
    problem(await frontend.start(), 502, "upstream-unreachable")


@pytest.fixture
def redirecting() -> Iterator[str]:
    """The URL of a server that sends every request elsewhere, where it is taken."""

    class Redirect(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            """Send the caller elsewhere, once."""
            self.send_response(200 if self.path == "/elsewhere" else 307)
            self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - inherited
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Redirect) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


async def _post(frontend: Frontend, body: bytes | AsyncIterator[bytes]) -> httpx.Response:
    headers = {"Content-Type": "application/json"}
    return await frontend.http.post("start-job", content=body, headers=headers)


def _processor_seconds(pid: int) -> float:
    """The time that all threads of a process have computed."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")
