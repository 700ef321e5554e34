"""Request headers: nothing in them reaches our response headers, or a page of an origin that is not listed."""

import pytest

from local.parts.functions import LIBRARY_BASE_PATH
from tests.support.backend import Backend
from tests.support.library_client import Api


async def test_line_ends_in_a_name_reach_no_header(api: Api, project: str) -> None:
    for name in ("a\r\nX-Injected: 1", "a\nSet-Cookie: b=c", "a\x85b", "\u2028"):
        for method, path, body in (
            ("POST", "projects", {"name": name}),
            ("PATCH", f"projects/{project}", {"name": name}),
            ("POST", f"projects/{project}/sources", {"file_name": name}),
        ):
            answer = await api.call(method, path, json=body)
            assert answer.status_code in (200, 201, 422), answer.text
            assert not {"x-injected", "set-cookie"} & answer.headers.keys()


@pytest.mark.parametrize(
    "header", ["Idempotency-Key", "Prefer", "If-None-Match", "Range", "Origin", "traceparent"]
)
async def test_header_values_are_not_echoed(api: Api, project: str, header: str) -> None:
    """Only a wait is, as the number that was read."""
    value = "injected<script>\u00e9"
    for path in (f"projects/{project}", f"projects/{project}/progress"):
        answer = await api.http.get(
            path,
            headers=[*api.headers.items(), (header, value.encode("latin-1"))],  # pyright: ignore[reportArgumentType]
        )
        assert answer.status_code == 200
        assert "injected" not in str(answer.headers) + answer.text
    started = await api.generate(project, headers={"Prefer": "wait=3; injected"})
    assert started.headers["preference-applied"] == "wait=3"


@pytest.mark.parametrize(
    "origin",
    [
        "null",
        "https://other.test",
        "{origin}.other.test",
        "{origin}@other.test",
        "{origin}/",
        "https{origin}",
        "{upper}",
        "",
    ],
)
async def test_an_origin_that_is_not_listed_exactly_gets_no_cors_headers(
    api: Api, backend: Backend, origin: str
) -> None:
    ours = backend.project.library_url.removesuffix(LIBRARY_BASE_PATH)
    sender = origin.format(origin=ours, upper=ours.upper())
    asked = {"Origin": sender, "Access-Control-Request-Method": "POST"}
    for answer in (
        await api.http.options("projects", headers=asked),
        await api.get("projects", headers={"Origin": sender}),
    ):
        found = {name for name in answer.headers if name.startswith("access-control-allow-origin")}
        assert not found
        assert "access-control-allow-credentials" not in answer.headers


async def test_a_listed_origin_gets_no_credentials_and_no_wildcard(
    api: Api, backend: Backend
) -> None:
    origin = backend.project.library_url.removesuffix(LIBRARY_BASE_PATH)
    answer = await api.get("projects", headers={"Origin": origin})
    assert answer.headers["access-control-allow-origin"] == origin
    assert "access-control-allow-credentials" not in answer.headers
    assert "Origin" in answer.headers["vary"]
