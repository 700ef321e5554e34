"""Input that tries to be more than data: unknown members, file paths, and URLs."""

import json
import re
from typing import Any, cast
from urllib.parse import quote
from uuid import uuid4

import httpx
import pytest

from shared.storage.factory import get_storage
from tests.api.auth.test_tenants import (
    Library,
    example_body,
    ids_in,
    library_of_a_user,
    sent,
    with_ids,
)
from tests.support.library_client import SAMPLE, Api, Traces, problem

__all__ = ["library_of_a_user"]

ESCAPES = (
    "..",
    "../../etc/passwd",
    "..\\..\\etc\\passwd",
    "/etc/passwd",
    "C:\\boot.ini",
    "a/../../b",
    "....//....//etc",
    "\u2025/\u2025/etc",
    "\uff0e\uff0e\uff0fetc",
    "a\u2215b",
    "%2e%2e%2f",
    "~root",
    ".staging/a",
    "|id",
    "$(id).mp4",
    "file:///etc/passwd",
)

ADDRESSES = (
    "http://169.254.169.254/computeMetadata/v1/",
    "https://example.com/a.mp4",
    "file:///etc/passwd",
    "//example.com/a.mp4",
    "concat:/etc/passwd",
    "/etc/passwd",
)

NOT_ASKED_FOR: dict[str, Any] = {
    "id": "chosen",
    "owner_id": str(uuid4()),
    "project_id": "another",
    "job_id": str(uuid4()),
    "status": "ready_for_triage",
    "kind": "raw_clips",
    "storage_path": "another/sources/a.mp4",
    "thumbnail_path": "another/a.jpg",
    "video_url": ADDRESSES[0],
    "source_url": ADDRESSES[0],
    "url": ADDRESSES[0],
    "fencing_token": 1,
    "first_variant_number": 1,
    "max_attempts": 100,
    "deadline_seconds": 1_000_000,
    "created_at": "2020-01-01T00:00:00Z",
    "__proto__": {"admin": True},
    "constructor": {},
}


def allowed(document: dict[str, Any], value: Any, schema: dict[str, Any]) -> set[str]:
    """The members that a schema knows."""
    del value
    name = schema.get("$ref", "").rpartition("/")[2]
    found = document["components"]["schemas"][name] if name else schema
    return set(found.get("properties", {}))


async def test_an_unknown_member_is_refused_by_every_operation(
    library_of_a_user: Library, api: Api
) -> None:
    mine = library_of_a_user
    document = (await api.http.get("openapi.json")).json()
    await api.cancel(mine.owned["project_id"])
    before, asked = mine.state(), 0
    for operation in mine.operations:
        body = example_body(operation)
        if body is None:
            continue
        body = with_ids(body, mine.owned)
        media = operation.content["requestBody"]["content"]["application/json"]
        known = allowed(document, body, media["schema"])
        for name, value in NOT_ASKED_FOR.items():
            if name in known:
                continue
            answer = await sent(api, operation, operation.method, mine.owned, body | {name: value})
            content = problem(answer, 422, "invalid-request")
            assert [error["location"] for error in content["errors"]] == [f"body.{name}"], (
                operation.name
            )
            asked += 1
    assert asked > 80
    assert mine.state() == before


async def test_a_form_takes_no_more_than_its_fields(api: Api, project: str, traces: Traces) -> None:
    for name, value in NOT_ASKED_FOR.items():
        files, data = {"video": SAMPLE.read_bytes()}, {name: str(value)}
        answer = await api.call("POST", f"projects/{project}/generate", files=files, data=data)
        content = problem(answer, 422, "invalid-request")
        assert [error["location"] for error in content["errors"]] == [f"body.{name}"]
    assert traces.none()


@pytest.mark.parametrize("name", ["id", "owner_id"])
async def test_a_user_cannot_choose_the_id_or_the_owner_of_a_project(
    api: Api, traces: Traces, name: str
) -> None:
    body = {"name": "Mine", name: str(uuid4())}
    problem(await api.call("POST", "projects", json=body), 403, "forbidden")
    assert traces.count("editai_projects") == 0


@pytest.mark.parametrize("escape", ESCAPES)
async def test_a_path_as_an_id_is_refused(
    library_of_a_user: Library, api: Api, escape: str
) -> None:
    mine = library_of_a_user
    before = mine.state()
    escaped = "".join(f"%{byte:02x}" for byte in escape.encode())
    for encoded in (escaped, quote(escaped, safe="")):
        for operation in mine.operations:
            ids = dict.fromkeys(ids_in(operation), encoded)
            if not ids:
                continue
            body = with_ids(example_body(operation), mine.owned)
            answer = await sent(api, operation, operation.method, ids, body)
            assert answer.status_code in (404, 405), (operation.name, answer.text)
    assert mine.state() == before


@pytest.mark.parametrize(
    "escape", [*ESCAPES, "a\x00.mp4", "a\r\nX-Injected: 1.mp4", "a\u202e4pm.exe"]
)
async def test_a_files_storage_path_does_not_depend_on_its_name(
    api: Api, project: str, traces: Traces, escape: str
) -> None:
    boundary = b'--b\r\nContent-Disposition: form-data; name="video"; filename="'
    name = escape.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
    body = boundary + name.encode() + b'"\r\n\r\n' + SAMPLE.read_bytes() + b"\r\n--b--\r\n"
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    uploaded = await api.call("POST", f"projects/{project}/generate", content=body, headers=headers)
    announced = await api.call("POST", f"projects/{project}/sources", json={"file_name": escape})
    assert uploaded.status_code in (202, 422), uploaded.text
    assert announced.status_code in (201, 422), announced.text
    stored = re.compile(rf"{project}/sources/[0-9a-f-]{{36}}(\.mp4)?")
    for path in stored_paths(traces):
        assert stored.fullmatch(path), path
    for file in traces.files():
        assert stored.fullmatch(str(file.relative_to(traces.storage))), file


def stored_paths(traces: Traces) -> list[str]:
    rows = traces.admin.execute("select storage_path from editai_sources").fetchall()
    return [row["storage_path"] for row in rows]


@pytest.mark.parametrize(
    "path",
    [
        "..",
        "../secret",
        "p/../../secret",
        "p/%2e%2e/%2e%2e/secret",
        "p%2f..%2f..%2fsecret",
        "%2e%2e%2fsecret",
        "%252e%252e%252fsecret",
        "..%5csecret",
        "p/..;/secret",
        "/etc/passwd",
        "//etc/passwd",
        "%00",
        "p/a.mp4%00.jpg",
        "p/a.mp4%0d%0aX-A:%20b",
        ".staging/a",
        "p/.hidden",
        "%c0%ae%c0%ae/secret",
        "%ff",
    ],
)
async def test_a_path_outside_storage_is_not_served_even_with_a_valid_signature(
    api: Api, traces: Traces, path: str
) -> None:
    """Were the signing secret to leak, storage itself would still keep to its folder."""
    (traces.storage.parent / "secret").write_text("secret")
    signer = cast("Any", get_storage()).signer
    plain = httpx.URL(f"http://x/{path}").path.removeprefix("/")
    for method, seen in (("GET", path), ("PUT", path), ("GET", plain), ("PUT", plain)):
        expires = "9999999999"
        query = {"expires": expires, "signature": signer._signature(method, seen, expires)}
        answer = await api.http.request(method, f"files/{path}", params=query, content=b"x")
        assert answer.status_code in (403, 404), answer.text
        assert "secret" not in answer.text
    assert (traces.storage.parent / "secret").read_text() == "secret"
    assert not traces.files()


@pytest.mark.parametrize("address", ADDRESSES)
async def test_a_url_is_not_accepted_as_a_source(
    api: Api, project: str, traces: Traces, address: str
) -> None:
    """The library and the worker fetch nothing that a caller names."""
    segment = {"source_id": address, "start": 0, "end": 1}
    for path, body in (
        (f"projects/{project}/generate", {"source_id": address}),
        (f"projects/{project}/generate-from-segments", {"segments": [segment]}),
    ):
        content = problem(await api.call("POST", path, json=body), 422, "invalid-request")
        assert address not in json.dumps(content)
    problem(await api.generate(project, address.encode()), 422, "unusable-video")
    assert traces.none()
