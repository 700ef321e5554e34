"""Request bodies that are broken, endless, compressed, or of another content type than they claim."""

import gzip
import json
from collections.abc import AsyncIterator, Iterator

import pytest

from api.http.security import MAX_JSON_BYTES
from tests.support.library_client import Api, Traces, problem


def deep(opening: str, closing: str, depth: int) -> bytes:
    return (opening * depth + closing * depth).encode()


UTF_16 = json.dumps({"name": "Summer"}).encode("utf-16")
BROKEN_JSON: dict[str, bytes] = {
    "arrays": deep("[", "]", 100_000),
    "objects": deep('{"name":', "}", 100_000)[:-100_000] + b"1" + b"}" * 100_000,
    "in the name": b'{"name": ' + deep("[", "]", 50_000) + b"}",
    "without an end": b"[" * 900_000,
    "a number of 5,000 digits": b'{"name": ' + b"9" * 5_000 + b"}",
    "a number of 900,000 digits": b'{"name": ' + b"9" * 900_000 + b"}",
    "an exponent": b'{"name": 1e999999999}',
    "nan": b'{"name": NaN}',
    "not utf-8": b'{"name": "\xff\xfe"}',
    "overlong utf-8": b'{"name": "\xc0\xae"}',
    "utf-16": UTF_16[:-1],
    "half a surrogate": b'{"name": "\\ud800"}',
    "a null character": b'{"name": "a\\u0000b"}',
    "gzip": gzip.compress(b'{"name": "Summer"}'),
    "nothing": b"",
    "white space": b" " * 1000,
}


def job_bodies(body: bytes) -> Iterator[tuple[str, str, bytes]]:
    yield "POST", "projects", body
    for path in ("generate", "generate-from-segments"):
        yield "POST", f"projects/{{project}}/{path}", body


@pytest.mark.parametrize("body", BROKEN_JSON.values(), ids=BROKEN_JSON)
async def test_json_that_is_broken_or_boundless_is_refused(
    api: Api, project: str, traces: Traces, body: bytes
) -> None:
    before = traces.count("editai_projects")
    for method, path, content in job_bodies(body):
        answer = await api.call(
            method,
            path.format(project=project),
            content=content,
            headers={"Content-Type": "application/json"},
        )
        assert answer.status_code in (400, 422), answer.text
        assert answer.headers["content-type"] == "application/problem+json"
        assert len(answer.content) < 4000
    assert traces.count("editai_projects") == before


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Encoding": "gzip"},
        {"Content-Encoding": "br"},
        {"Content-Encoding": "identity, gzip"},
    ],
)
async def test_a_compressed_body_is_refused_for_what_it_is(
    api: Api, project: str, headers: dict[str, str]
) -> None:
    """Nothing is unpacked, so no small body becomes a large one."""
    body = gzip.compress(b'{"name": "Summer"}')
    for path in ("projects", f"projects/{project}/generate"):
        answer = await api.call(
            "POST", path, content=body, headers={"Content-Type": "application/json", **headers}
        )
        problem(answer, 415, "unsupported-media-type")
    multipart = {"Content-Type": "multipart/form-data; boundary=b", **headers}
    answer = await api.call("POST", f"projects/{project}/generate", content=body, headers=multipart)
    problem(answer, 415, "unsupported-media-type")


async def test_the_last_of_two_equal_json_members_counts(api: Api) -> None:
    """As in JavaScript and in Postgres, so that all who look at a body see the same."""
    body = b'{"name": "one", "name": "two"}'
    answer = await api.call(
        "POST", "projects", content=body, headers={"Content-Type": "application/json"}
    )
    assert (answer.status_code, answer.json()["name"]) == (201, "two")


@pytest.mark.parametrize(
    "kind",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=b",
        "application/jsonp",
        "application/json, text/plain",
    ],
)
async def test_a_body_of_another_content_type_is_not_read_as_json(api: Api, kind: str) -> None:
    """Those that a page of any origin may send without being asked are among them."""
    answer = await api.call(
        "POST", "projects", content=b'{"name": "x"}', headers={"Content-Type": kind}
    )
    problem(answer, 415, "unsupported-media-type")


@pytest.mark.parametrize("charset", ["latin-1", "utf-7", "utf-16", "x-user-defined"])
async def test_json_is_read_as_utf_8_whatever_charset_is_declared(api: Api, charset: str) -> None:
    """The parameter is not defined for JSON (RFC 8259, 11), so it can have no effect."""
    answer = await api.call(
        "POST",
        "projects",
        content='{"name": "+AGE-é"}'.encode(),
        headers={"Content-Type": f"application/json; charset={charset}"},
    )
    assert (answer.status_code, answer.json()["name"]) == (201, "+AGE-é")


async def test_json_without_a_length_is_refused_at_the_limit_with_the_limit(api: Api) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b" " * 100_000

    response = await api.call(
        "POST", "projects", content=chunks(), headers={"Content-Type": "application/json"}
    )
    assert problem(response, 413, "payload-too-large")["max_bytes"] == MAX_JSON_BYTES
