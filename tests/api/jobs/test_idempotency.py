"""Idempotency-Key: one job and one response, however often the request is sent."""

import asyncio

import pytest

from tests.support.library_client import SAMPLE, Api, Traces, problem

KEY = {"Idempotency-Key": "a-key-of-the-client"}
TAGGED = SAMPLE.read_bytes() + b"\x00\x00\x00\x0cfreemore"
"""The sample, but for a few bytes that mean nothing."""


async def test_twenty_at_once_start_one_job_and_get_equal_responses(
    api: Api, project: str, traces: Traces
) -> None:
    answers = await asyncio.gather(*(api.generate(project, headers=KEY) for _ in range(20)))
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.content for answer in answers}) == 1
    assert traces.count("editai_jobs") == traces.count("editai_sources") == len(traces.files()) == 1


async def test_the_response_stays_the_same_when_the_job_has_ended(
    api: Api, project: str, traces: Traces
) -> None:
    first = await api.generate(project, headers=KEY)
    await api.cancel(project)
    again = await api.generate(project, headers=KEY)
    assert (again.status_code, again.content) == (202, first.content)
    assert again.headers["location"] == first.headers["location"]
    assert (first.headers["job-status"], again.headers["job-status"]) == ("queued", "cancelled")
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    assert traces.count("editai_locks") == 0


async def test_another_request_with_the_same_key_is_refused(
    api: Api, project: str, traces: Traces
) -> None:
    assert (await api.generate(project, headers=KEY, variant_count=2)).status_code == 202
    for answer in (
        await api.generate(project, headers=KEY, variant_count=3),
        await api.generate(project, TAGGED, headers=KEY, variant_count=2),
    ):
        problem(answer, 422, "idempotency-key-reused")
    assert traces.count("editai_jobs") == len(traces.files()) == 1


async def test_a_default_and_its_explicit_value_are_the_same_request(
    api: Api, project: str
) -> None:
    first = await api.generate(project, headers=KEY)
    again = await api.generate(project, file_name="renamed.mp4", headers=KEY, variant_count=3)
    assert first.content == again.content


async def test_a_json_start_with_a_stored_source_is_replayed(api: Api, project: str) -> None:
    source_id = (await api.generate(project)).json()["job"]["params"]["source_id"]
    await api.cancel(project)
    path, body = f"projects/{project}/generate", {"source_id": source_id}
    first = await api.call("POST", path, json=body, headers=KEY)
    again = await api.call("POST", path, json=body, headers=KEY)
    assert (again.status_code, again.content) == (202, first.content)


async def test_an_idempotency_key_belongs_to_its_project(api: Api, project: str) -> None:
    first = await api.generate(project, headers=KEY)
    other = await api.generate(await api.new_project(), headers=KEY)
    assert other.status_code == 202
    assert other.json()["job"]["id"] != first.json()["job"]["id"]


@pytest.mark.parametrize("key", ["", "x" * 256, "two words"])
async def test_an_invalid_idempotency_key_is_named(
    api: Api, project: str, traces: Traces, key: str
) -> None:
    answer = await api.generate(project, headers={"Idempotency-Key": key})
    content = problem(answer, 422, "invalid-request")
    assert content["errors"][0]["location"] == "header.idempotency-key"
    assert traces.none()
