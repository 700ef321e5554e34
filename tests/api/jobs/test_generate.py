"""Generate: what is accepted, what is refused, and that a refusal leaves nothing."""

from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from api.uploads.probing import facts_of_file
from shared.errors import StorageUnavailable
from shared.storage.factory import get_storage
from shared.storage.local_directory import STAGING
from tests.support.library_client import SAMPLE, Api, Traces, problem

BOUNDARY = "cut-here"
FILE_BEGINS = b"--cut-here\r\nContent-Disposition: form-data; name=video; filename=a.mp4\r\n"


async def test_an_upload_is_stored_and_its_job_queued(
    api: Api, project: str, traces: Traces
) -> None:
    answer = await api.generate(project, variant_count=2, target_duration=12.5, seed=7)

    assert answer.status_code == 202
    accepted = answer.json()
    progress_url = accepted["progress_url"]
    assert answer.headers["location"] == progress_url
    assert progress_url.endswith(f"/api/v1/library/projects/{project}/progress")
    job = accepted["job"]
    assert (job["kind"], job["status"]) == ("raw_clips", "queued")
    source_id = job["params"].pop("source_id")
    assert job["params"] == {"variant_count": 2, "target_duration": 12.5, "seed": 7}
    stored = traces.storage / project / "sources" / f"{source_id}.mp4"
    assert traces.files() == [stored]
    assert stored.read_bytes() == SAMPLE.read_bytes()
    progress = (await api.get(f"projects/{project}/progress")).json()
    assert progress["percentage"] == 0
    assert progress["job"]["id"] == job["id"]


async def test_the_source_of_an_upload_can_be_read(api: Api, project: str) -> None:
    await api.generate(project, file_name="C:\\Videos\\My\u202e holiday.MP4")
    (source,) = (await api.get(f"projects/{project}/sources")).json()["items"]
    assert source["file_name"] == "My holiday.MP4"
    assert source["status"] == "ready"
    assert source["size_bytes"] == SAMPLE.stat().st_size
    assert (source["width"], source["height"], source["has_audio"]) == (1280, 720, True)
    assert source["content_type"] == "video/mp4"
    video = await api.http.get(source["video_url"])
    assert video.content == SAMPLE.read_bytes()


async def test_omitted_fields_have_defaults(api: Api, project: str) -> None:
    params = (await api.generate(project)).json()["job"]["params"]
    assert (params["variant_count"], params["target_duration"]) == (3, 30)
    assert 0 <= params["seed"] < 2**31


async def test_fields_may_come_after_the_file(api: Api, project: str) -> None:
    body = form(("video", "a.mp4", SAMPLE.read_bytes()), ("variant_count", None, b"4"))
    answer = await send_form(api, project, body)
    assert answer.json()["job"]["params"]["variant_count"] == 4


async def test_a_stored_source_is_used_again(api: Api, project: str, traces: Traces) -> None:
    source_id = (await api.generate(project)).json()["job"]["params"]["source_id"]
    await api.cancel(project)
    body = {"source_id": source_id, "variant_count": 1}
    answer = await api.call("POST", f"projects/{project}/generate", json=body)
    assert answer.status_code == 202
    assert answer.json()["job"]["params"]["source_id"] == source_id
    assert traces.count("editai_sources") == len(traces.files()) == 1


async def test_a_source_of_another_project_is_not_found(
    api: Api, stranger: Api, project: str, traces: Traces
) -> None:
    foreign = (await stranger.generate(await stranger.new_project())).json()["job"]
    for source_id in (foreign["params"]["source_id"], str(uuid4())):
        body = {"source_id": source_id}
        answer = await api.call("POST", f"projects/{project}/generate", json=body)
        problem(answer, 404, "source-not-found")
    assert traces.count("editai_jobs") == 1


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty_file"),
        (b"I am not a video.\n" * 100, "not_a_video"),
        (b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n", "not_a_video"),
        (bytes(range(256)) * 50, "not_a_video"),
        (SAMPLE.read_bytes()[: SAMPLE.stat().st_size // 2], "truncated"),
    ],
    ids=["empty", "text", "playlist", "noise", "truncated"],
)
async def test_a_file_that_is_no_usable_video_is_refused(
    api: Api, project: str, traces: Traces, content: bytes, reason: str
) -> None:
    answer = await api.generate(project, content, file_name="called-a-video.mp4")
    assert problem(answer, 422, "unusable-video")["reason"] == reason
    assert traces.none()


@pytest.mark.parametrize(
    ("fields", "location"),
    [
        ({"variant_count": 0}, "body.variant_count"),
        ({"variant_count": 11}, "body.variant_count"),
        ({"variant_count": "three"}, "body.variant_count"),
        ({"variant_count": ""}, "body.variant_count"),
        ({"variant_count": 2.5}, "body.variant_count"),
        ({"target_duration": 0}, "body.target_duration"),
        ({"target_duration": 601}, "body.target_duration"),
        ({"target_duration": "nan"}, "body.target_duration"),
        ({"seed": -1}, "body.seed"),
        ({"seed": "9" * 1001}, "body.seed"),
        ({"colour": "red"}, "body.colour"),
        ({"source_id": str(uuid4())}, "body.source_id"),
    ],
)
async def test_an_invalid_form_field_is_named(
    api: Api, project: str, traces: Traces, fields: dict[str, Any], location: str
) -> None:
    content = problem(await api.generate(project, **fields), 422, "invalid-request")
    assert [part["location"] for part in content["errors"]] == [location]
    assert location in content["detail"]
    assert traces.none()


@pytest.mark.parametrize(
    ("body", "location"),
    [
        ({}, "body.source_id"),
        ({"source_id": "x"}, "body.source_id"),
        ({"source_id": str(UUID(int=1)), "variant_count": 11}, "body.variant_count"),
        ({"source_id": str(UUID(int=1)), "variant_count": True}, "body.variant_count"),
        ({"source_id": str(UUID(int=1)), "video": "x"}, "body.video"),
        ([], "body"),
    ],
)
async def test_an_invalid_json_member_is_named(
    api: Api, project: str, traces: Traces, body: Any, location: str
) -> None:
    answer = await api.call("POST", f"projects/{project}/generate", json=body)
    content = problem(answer, 422, "invalid-request")
    assert [part["location"] for part in content["errors"]] == [location]
    assert traces.none()


@pytest.mark.parametrize(
    ("parts", "location"),
    [
        ([], "body.video"),
        ([("variant_count", None, b"2")], "body.video"),
        ([("video", None, b"text")], "body.video"),
        ([("video", "", b"")], "body.video"),
        ([("video", "a.mp4", b"x"), ("video", "b.mp4", b"x")], "body.video"),
        ([("seed", None, b"1"), ("seed", None, b"2")], "body.seed"),
        ([("video", "a.mp4", b"x"), ("variant_count", None, b"0")], "body.variant_count"),
    ],
)
async def test_a_form_needs_one_file_and_each_field_once(
    api: Api, project: str, traces: Traces, parts: list[Any], location: str
) -> None:
    answer = await send_form(api, project, form(*parts))
    content = problem(answer, 422, "invalid-request")
    assert [part["location"] for part in content["errors"]] == [location]
    assert traces.none()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not a form",
        FILE_BEGINS,
        FILE_BEGINS + b"\r\nno end",
        b"--cut-here\r\nContent-Disposition: attachment\r\n\r\nx\r\n--cut-here--\r\n",
        b"--cut-here\r\n" + b"X: " + b"y" * 100_000 + b"\r\n\r\n--cut-here--\r\n",
    ],
)
async def test_a_form_that_is_cut_short_or_broken_is_malformed(
    api: Api, project: str, traces: Traces, body: bytes
) -> None:
    problem(await send_form(api, project, body), 400, "malformed-request")
    assert traces.none()


async def test_a_form_without_a_boundary_is_malformed(api: Api, project: str) -> None:
    answer = await send_form(api, project, b"x", content_type="multipart/form-data")
    assert "boundary" in problem(answer, 400, "malformed-request")["detail"]


@pytest.mark.parametrize("content_type", ["video/mp4", "text/plain", "", "application/xml"])
async def test_an_unsupported_content_type_is_told_the_supported_ones(
    api: Api, project: str, traces: Traces, content_type: str
) -> None:
    answer = await send_form(api, project, b"x", content_type=content_type)
    content = problem(answer, 415, "unsupported-media-type")
    assert "multipart/form-data" in content["detail"]
    assert "application/json" in content["detail"]
    assert traces.none()


async def test_json_that_cannot_be_read_is_malformed(api: Api, project: str) -> None:
    answer = await send_form(api, project, b'{"source', content_type="application/json")
    problem(answer, 400, "malformed-request")


async def test_an_upload_that_the_disk_refuses_is_a_503(
    api: Api, project: str, traces: Traces
) -> None:
    staging = traces.storage / STAGING
    staging.touch()
    answer = await api.generate(project)
    problem(answer, 503, "storage-unavailable")
    assert answer.headers["retry-after"]
    staging.unlink()
    assert traces.none()


async def test_an_upload_over_the_limit_of_storage_is_told_the_limit(
    api: Api, project: str, traces: Traces, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(get_storage(), "max_file_bytes", 1000)
    content = problem(await api.generate(project), 413, "payload-too-large")
    assert content["max_bytes"] == 1000
    assert content["detail"] == "The file is larger than the limit of 1,000 bytes of storage."
    assert not traces.files()
    assert traces.count("editai_jobs") == 0


async def test_an_upload_that_cannot_be_read_back_is_a_503(tmp_path: Path) -> None:
    with pytest.raises(StorageUnavailable):
        await facts_of_file(tmp_path / "gone.mp4")


async def test_a_foreign_project_takes_no_upload(
    stranger: Api, project: str, traces: Traces
) -> None:
    foreign = problem(await stranger.generate(project), 404, "project-not-found")
    assert foreign == problem(await stranger.generate(str(uuid4())), 404, "project-not-found")
    assert traces.none()


def form(*parts: tuple[str, str | None, bytes]) -> bytes:
    body = b""
    for name, file_name, content in parts:
        file = "" if file_name is None else f'; filename="{file_name}"'
        head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{file}\r\n\r\n'
        body += head.encode() + content + b"\r\n"
    return body + f"--{BOUNDARY}--\r\n".encode()


async def send_form(
    api: Api,
    project: str,
    body: bytes,
    content_type: str = f"multipart/form-data; boundary={BOUNDARY}",
) -> Any:
    headers = {"content-type": content_type}
    path = f"projects/{project}/generate"
    return await api.call("POST", path, content=body, headers=headers)
