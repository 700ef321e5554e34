"""Signed resumable uploads, request by request: what is accepted, and what is refused with which status.

The statuses are those of Supabase Storage: see local/supabase_api/storage/refusals.py for their sources.
"""

import asyncio
import time
from base64 import b64encode
from collections.abc import AsyncIterator, Mapping
from datetime import timedelta

import httpx
import jwt
import pytest
from freezegun import freeze_time

from shared.storage.factory import get_storage
from shared.storage.local_directory import LocalStorage
from tests.support.library_client import Traces

PATH = "project-1/sources/0b9f.mp4"
CONTENT = b"0123456789abcdef" * 1000
ENDPOINT = "/storage/v1/upload/resumable/sign"
VERSION = {"Tus-Resumable": "1.0.0"}
CHUNK = {"Content-Type": "application/offset+octet-stream"}
Headers = Mapping[str, str]


def storage() -> LocalStorage:
    storage = get_storage()
    assert isinstance(storage, LocalStorage)
    return storage


def signed(path: str = PATH, *, seconds: int = 60) -> dict[str, str]:
    token = storage().tokens.create(path, expires_at=int(time.time()) + seconds)
    return VERSION | {"x-signature": token}


def metadata(path: str = PATH, content_type: str = "video/mp4", bucket: str = "editai") -> str:
    pairs = {
        "bucketName": bucket,
        "objectName": path,
        "contentType": content_type,
        "cacheControl": "3600",
    }
    return ",".join(f"{key} {b64encode(value.encode()).decode()}" for key, value in pairs.items())


def creation(path: str = PATH, length: int = len(CONTENT)) -> dict[str, str]:
    return signed(path) | {"Upload-Length": str(length), "Upload-Metadata": metadata(path)}


async def created(services: httpx.AsyncClient, path: str = PATH) -> str:
    answer = await services.post(ENDPOINT, headers=creation(path))
    assert (answer.status_code, answer.text) == (201, "")
    return answer.headers["location"]


async def patch(
    services: httpx.AsyncClient,
    url: str,
    content: bytes | AsyncIterator[bytes],
    offset: int,
    **more: str,
) -> httpx.Response:
    headers = signed() | CHUNK | {"Upload-Offset": str(offset)} | more
    return await services.patch(url, content=content, headers=headers)


async def offset(services: httpx.AsyncClient, url: str) -> int:
    answer = await services.head(url, headers=signed())
    assert answer.status_code == 200, answer.text
    assert answer.headers["upload-length"] == str(len(CONTENT))
    assert answer.headers["cache-control"] == "no-store"
    return int(answer.headers["upload-offset"])


def stored(traces: Traces) -> bytes | None:
    file = traces.storage / PATH
    return file.read_bytes() if file.exists() else None


async def test_a_file_arrives_in_parts_and_is_stored_with_the_last(
    services: httpx.AsyncClient, traces: Traces
) -> None:
    url = await created(services)
    assert url.startswith(f"http://project{ENDPOINT}/")
    assert await offset(services, url) == 0
    first = await patch(services, url, CONTENT[:6000], 0)
    assert (first.status_code, first.headers["upload-offset"]) == (204, "6000")
    assert "upload-expires" in first.headers
    assert stored(traces) is None
    assert await storage().size(PATH) is None
    assert await storage().list("project-1/") == []
    last = await patch(services, url, CONTENT[6000:], 6000)
    assert (last.status_code, last.headers["upload-offset"]) == (204, str(len(CONTENT)))
    assert stored(traces) == CONTENT
    assert await offset(services, url) == len(CONTENT)


async def test_a_small_file_may_come_with_its_creation(
    services: httpx.AsyncClient, traces: Traces
) -> None:
    answer = await services.post(ENDPOINT, content=CONTENT, headers=creation() | CHUNK)
    assert (answer.status_code, answer.headers["upload-offset"]) == (201, str(len(CONTENT)))
    assert stored(traces) == CONTENT


async def test_an_empty_file_is_stored_when_it_is_created(
    services: httpx.AsyncClient, traces: Traces
) -> None:
    assert (await services.post(ENDPOINT, headers=creation(length=0))).status_code == 201
    assert stored(traces) == b""


FORGED = jwt.encode({"url": f"editai/{PATH}", "exp": 2**40}, "x" * 32, algorithm="HS256")


@pytest.mark.parametrize(
    ("change", "status", "text"),
    [
        ({"x-signature": ""}, 400, "Missing x-signature header"),
        ({"x-signature": "x.y.z"}, 400, "signature verification failed"),
        ({"x-signature": FORGED}, 400, "signature verification failed"),
        ({"Tus-Resumable": ""}, 412, "Tus-Resumable Required\n"),
        ({"Tus-Resumable": "1.0.0, 1.0.0"}, 400, "Invalid tus-resumable\n"),
        ({"Upload-Length": "500000001"}, 413, "Maximum size exceeded\n"),
        ({"Upload-Length": "-1"}, 400, "Invalid upload-length\n"),
        ({"Upload-Length": "1e3"}, 400, "Invalid upload-length\n"),
        ({"Upload-Defer-Length": "1"}, 501, "creation-defer-length"),
        ({"Upload-Concat": "partial"}, 501, "Concatenation"),
        ({"Upload-Metadata": ""}, 400, "Metadata header is required"),
        ({"Upload-Metadata": "objectName a!b"}, 400, "Invalid upload-metadata\n"),
        ({"Upload-Metadata": "a YQ==,a YQ=="}, 400, "Invalid upload-metadata\n"),
        ({"Upload-Metadata": metadata(bucket="other")}, 404, "Bucket not found"),
        ({"Upload-Metadata": metadata("../secret")}, 400, "Invalid key: ../secret"),
        ({"Upload-Metadata": metadata("p/other.mp4")}, 400, "Invalid signature"),
        ({"Upload-Metadata": metadata(content_type="text/html")}, 415, "mime type text/html"),
    ],
)
async def test_a_creation_is_refused_as_storage_does(
    services: httpx.AsyncClient, traces: Traces, change: Headers, status: int, text: str
) -> None:
    answer = await services.post(ENDPOINT, headers={**creation(), **change})
    assert (answer.status_code, answer.text[: len(text)]) == (status, text)
    assert not traces.files()


async def test_a_creation_says_how_long_the_file_is(services: httpx.AsyncClient) -> None:
    headers = {name: value for name, value in creation().items() if name != "Upload-Length"}
    answer = await services.post(ENDPOINT, headers=headers)
    assert (answer.status_code, answer.text[:13]) == (400, "Upload-Length")


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"Upload-Offset": "5"}, 409),
        ({"Upload-Offset": "99999999"}, 409),
        ({"Upload-Offset": "x"}, 400),
        ({"Content-Type": "application/octet-stream"}, 415),
        ({"Tus-Resumable": ""}, 412),
        ({"x-signature": ""}, 400),
        ({"x-signature": FORGED}, 400),
    ],
)
async def test_a_part_that_is_refused_changes_nothing(
    services: httpx.AsyncClient, change: Headers, status: int
) -> None:
    url = await created(services)
    assert (await patch(services, url, CONTENT, 0, **change)).status_code == status
    assert await offset(services, url) == 0


@pytest.mark.parametrize(("missing", "status"), [("Upload-Offset", 403), ("Content-Type", 403)])
async def test_a_part_says_what_it_is(
    services: httpx.AsyncClient, missing: str, status: int
) -> None:
    url = await created(services)
    headers = signed() | CHUNK | {"Upload-Offset": "0"}
    del headers[missing]
    assert (await services.patch(url, content=CONTENT, headers=headers)).status_code == status


async def test_more_than_was_announced_is_refused(
    services: httpx.AsyncClient, traces: Traces
) -> None:
    """By its length, or when it has none as soon as it is too much. What was right of it is kept."""
    url = await created(services)
    assert (await patch(services, url, CONTENT + b"x", 0)).status_code == 413
    assert await offset(services, url) == 0

    async def too_much() -> AsyncIterator[bytes]:
        for _ in range(4):
            yield CONTENT[:6000]

    assert (await patch(services, url, too_much(), 0)).status_code == 413
    assert await offset(services, url) == 12_000
    assert stored(traces) is None


async def test_the_token_of_another_file_opens_nothing(services: httpx.AsyncClient) -> None:
    url = await created(services)
    other = signed("project-1/sources/other.mp4")
    for method in ("HEAD", "PATCH", "DELETE"):
        headers = other | CHUNK | {"Upload-Offset": "0"}
        answer = await services.request(method, url, headers=headers)
        assert answer.status_code == 400
    theirs = await created(services, "project-1/sources/other.mp4")
    version = storage().unfinished
    assert len(list(version.folder.iterdir())) == 2
    assert await offset(services, url) == 0
    assert (await services.head(theirs, headers=signed())).status_code == 400


@pytest.mark.parametrize("upload_id", ["x", "!!", b64encode(b"editai/a/b").decode()])
async def test_an_id_that_is_none_is_refused(services: httpx.AsyncClient, upload_id: str) -> None:
    assert (await services.head(f"{ENDPOINT}/{upload_id}", headers=signed())).status_code == 400


async def test_an_upload_ends_with_its_signature_and_is_removed_half_an_hour_later(
    services: httpx.AsyncClient, traces: Traces
) -> None:
    url = await created(services)
    old = signed()
    await patch(services, url, CONTENT[:6000], 0)
    with freeze_time(real_asyncio=True) as frozen:
        frozen.tick(timedelta(seconds=61))
        expired = await services.head(url, headers=old)
        gone = await services.head(url, headers=signed())
        assert (expired.status_code, gone.status_code) == (400, 410)
        assert (await patch(services, url, CONTENT[6000:], 6000)).status_code == 410
        assert await storage().remove_abandoned_uploads() == 0
        frozen.tick(timedelta(minutes=30))
        assert await storage().remove_abandoned_uploads() == 1
        assert (await services.head(url, headers=signed())).status_code == 404
    assert not traces.files()


async def test_a_token_stores_one_file(services: httpx.AsyncClient, traces: Traces) -> None:
    first, second = await created(services), await created(services)
    assert (await patch(services, first, CONTENT, 0)).status_code == 204
    assert (await patch(services, second, CONTENT[::-1], 0)).status_code == 409
    assert (await services.post(ENDPOINT, headers=creation())).status_code == 409
    assert stored(traces) == CONTENT
    assert (await services.head(second, headers=signed())).status_code == 404


async def test_a_file_that_was_complete_when_the_server_died_is_stored_when_the_client_asks(
    services: httpx.AsyncClient, traces: Traces
) -> None:
    url = await created(services)
    (data,) = traces.storage.glob(".uploads/*/data")
    data.write_bytes(CONTENT)
    assert await offset(services, url) == len(CONTENT)
    assert stored(traces) == CONTENT


async def test_a_later_request_makes_an_earlier_one_give_way(
    services: httpx.AsyncClient, traces: Traces
) -> None:
    """The earlier one is usually of a connection that is lost. What has arrived of it counts."""
    url = await created(services)
    begun, never = asyncio.Event(), asyncio.Event()

    async def stalled() -> AsyncIterator[bytes]:
        yield CONTENT[:6000]
        begun.set()
        await never.wait()

    earlier = asyncio.create_task(patch(services, url, stalled(), 0))
    (data,) = traces.storage.glob(".uploads/*/data")
    await begun.wait()
    assert await offset(services, url) == 6000
    assert (await earlier).status_code == 400
    assert data.read_bytes() == CONTENT[:6000]


async def test_of_two_parts_at_once_one_is_taken(
    services: httpx.AsyncClient, traces: Traces
) -> None:
    url = await created(services)
    answers = await asyncio.gather(*[patch(services, url, CONTENT, 0) for _ in range(4)])
    statuses = [answer.status_code for answer in answers]
    assert statuses.count(204) == 1, statuses
    assert set(statuses) <= {204, 400, 409}
    assert stored(traces) == CONTENT


async def test_an_upload_can_be_given_up_until_it_is_complete(
    services: httpx.AsyncClient, traces: Traces
) -> None:
    url = await created(services)
    assert (await services.delete(url, headers=signed())).status_code == 204
    assert not traces.files()
    complete = await created(services)
    await patch(services, complete, CONTENT, 0)
    assert (await services.delete(complete, headers=signed())).status_code == 400
    assert stored(traces) == CONTENT


async def test_pages_of_any_origin_may_upload(services: httpx.AsyncClient) -> None:
    asked = {
        "Origin": "http://localhost:3000",
        "Access-Control-Request-Method": "PATCH",
        "Access-Control-Request-Headers": "x-signature,tus-resumable,upload-offset,content-type",
    }
    answer = await services.options(f"{ENDPOINT}/x", headers=asked)
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "x-signature" in answer.headers["access-control-allow-headers"]
    made = await services.post(ENDPOINT, headers=creation() | {"Origin": "http://localhost:3000"})
    assert "Location" in made.headers["access-control-expose-headers"]
    plain = await services.options(ENDPOINT)
    assert plain.headers["tus-extension"] == "creation,creation-with-upload,termination,expiration"


async def test_what_is_not_here_says_why(services: httpx.AsyncClient) -> None:
    answer = await services.post("/storage/v1/object/editai/a.mp4", content=b"x")
    assert answer.status_code == 501
    assert "upload_url and resumable" in answer.json()["message"]
