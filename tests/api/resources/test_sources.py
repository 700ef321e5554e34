"""Sources that are uploaded straight to storage: unusable until confirmed, and removed if they are no video."""

from typing import Any
from uuid import uuid4

import pytest

from shared.storage.factory import get_storage
from tests.support.database import Connection
from tests.support.library_client import SAMPLE, Api, Traces, problem

NOT_A_VIDEO = b"I am not a video.\n" * 100


async def announced(api: Api, project: str) -> dict[str, Any]:
    answer = await api.call("POST", f"projects/{project}/sources", json={"file_name": "a.mp4"})
    assert answer.status_code == 201, answer.text
    return answer.json()


async def uploaded(api: Api, project: str, content: bytes) -> str:
    """The id of a source whose file has arrived and that was not confirmed."""
    source = await announced(api, project)
    answer = await api.http.put(source["upload_url"], content=content)
    assert answer.status_code == 201, answer.text
    return source["source"]["id"]


async def generated(api: Api, project: str, source_id: str) -> Any:
    body = {"source_id": source_id}
    return await api.call("POST", f"projects/{project}/generate", json=body)


async def test_a_job_on_an_unconfirmed_source_is_told_to_confirm_it(
    api: Api, project: str, traces: Traces
) -> None:
    source_id = await uploaded(api, project, SAMPLE.read_bytes())

    refusal = problem(await generated(api, project, source_id), 422, "source-not-ready")

    assert "/confirm" in refusal["detail"]
    assert traces.count("editai_jobs") == traces.count("editai_locks") == 0
    assert (await api.call("POST", f"sources/{source_id}/confirm")).json()["status"] == "ready"
    assert (await generated(api, project, source_id)).status_code == 202


async def test_a_segment_of_an_unconfirmed_source_is_named_by_its_index(
    api: Api, project: str
) -> None:
    source_id = await uploaded(api, project, SAMPLE.read_bytes())
    body = {
        "segments": [{"source_id": source_id, "start": 0, "end": 1}],
        "target_duration": 1,
    }

    answer = await api.call("POST", f"projects/{project}/generate-from-segments", json=body)

    (error,) = problem(answer, 422, "invalid-request")["errors"]
    assert error["location"] == "body.segments.0"
    assert "has not been confirmed" in error["message"]


@pytest.mark.parametrize("name", ["a.3gp", "a.mpg", "a.wmv", "a.rm", "film"])
async def test_a_file_of_any_name_is_uploaded_with_the_announced_type(
    api: Api, project: str, name: str
) -> None:
    answer = await api.call("POST", f"projects/{project}/sources", json={"file_name": name})
    source, url = answer.json()["source"], answer.json()["upload_url"]
    headers = {"content-type": source["content_type"]}
    assert (await api.http.put(url, content=b"film", headers=headers)).status_code == 201


async def test_segments_may_come_from_any_of_a_thousand_sources(
    api: Api, project: str, admin: Connection
) -> None:
    """PostgREST gives no more than a thousand rows."""
    admin.execute(
        """
        insert into editai_sources (
          id, project_id, status, file_name, storage_path, content_type, size_bytes,
          duration_seconds, width, height, frame_rate, has_audio, created_at)
        select gen_random_uuid(), %(project)s, 'ready', 'a.mp4', %(project)s || '/sources/' || n, 'video/mp4', 9,
          12, 320, 180, 24, true, now() - make_interval(secs => n)
        from generate_series(1, 1001) n
        """,
        {"project": project},
    )
    ends = admin.execute(
        "select (array_agg(id order by created_at))[1] as oldest, (array_agg(id order by created_at desc))[1] as newest"
        " from editai_sources"
    ).fetchone()
    assert ends
    segments = [{"source_id": str(id_), "start": 0, "end": 1} for id_ in ends.values()]
    unknown = {"source_id": str(uuid4()), "start": 0, "end": 1}
    path = f"projects/{project}/generate-from-segments"

    answer = await api.call(
        "POST", path, json={"segments": [*segments, unknown], "target_duration": 1}
    )
    (error,) = problem(answer, 422, "invalid-request")["errors"]
    assert error["location"] == "body.segments.2"
    answer = await api.call("POST", path, json={"segments": segments, "target_duration": 1})
    assert answer.status_code == 202, answer.text


async def test_an_unconfirmed_source_of_another_project_is_not_found_like_a_missing_one(
    api: Api, stranger: Api, project: str
) -> None:
    foreign = await announced(stranger, await stranger.new_project())
    elsewhere = await announced(api, await api.new_project())
    answers = [
        problem(await generated(api, project, source_id), 404, "source-not-found")
        for source_id in (foreign["source"]["id"], elsewhere["source"]["id"], str(uuid4()))
    ]
    assert answers[0] == answers[1] == answers[2]


async def test_an_upload_that_is_no_video_is_removed_at_once(
    api: Api, project: str, traces: Traces, admin: Connection
) -> None:
    source_id = await uploaded(api, project, NOT_A_VIDEO)

    refusal = problem(await api.call("POST", f"sources/{source_id}/confirm"), 422, "unusable-video")

    assert refusal["reason"] == "not_a_video"
    assert traces.count("editai_sources") == 0
    row = admin.execute("select prefix from editai_storage_garbage").fetchone()
    assert row is not None
    assert await get_storage().list(row["prefix"]) == [row["prefix"]]


async def test_a_source_whose_file_has_not_arrived_stays(api: Api, project: str) -> None:
    source = await announced(api, project)
    confirm = f"sources/{source['source']['id']}/confirm"

    refusal = problem(await api.call("POST", confirm), 422, "unusable-video")

    assert refusal["reason"] == "not_uploaded"
    await api.http.put(source["upload_url"], content=SAMPLE.read_bytes())
    assert (await api.call("POST", confirm)).json()["status"] == "ready"


@pytest.mark.parametrize("start", ["soon", "NaN"])
async def test_a_bad_number_in_a_segment_is_the_only_reported_error(
    api: Api, project: str, start: str
) -> None:
    segment = f'{{"source_id": "{uuid4()}", "start": "{start}", "end": 1}}'
    content = f'{{"segments": [{segment}], "target_duration": 1}}'.replace('"NaN"', "NaN")
    headers = {"content-type": "application/json"}

    answer = await api.call(
        "POST", f"projects/{project}/generate-from-segments", content=content, headers=headers
    )

    (error,) = problem(answer, 422, "invalid-request")["errors"]
    assert error["location"] == "body.segments.0.start"


async def test_an_empty_list_of_segments_is_named(api: Api, project: str) -> None:
    body: dict[str, Any] = {"segments": [], "target_duration": 1}
    answer = await api.call("POST", f"projects/{project}/generate-from-segments", json=body)
    (error,) = problem(answer, 422, "invalid-request")["errors"]
    assert error["location"] == "body.segments"
