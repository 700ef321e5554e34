"""What operators read over HTTP: facts about the jobs of all users, with the service role key alone."""

from uuid import UUID, uuid4

import pytest

from shared.jobs.lifecycle import claim_job, finish_job
from shared.ops.records import JobStory, OpsJob, Overview
from tests.api.events.conftest import Work
from tests.support.database import Clock
from tests.support.library_client import Api, problem

PATHS = ("ops/overview", "ops/jobs", f"ops/jobs/{UUID(int=1)}")


async def started(api: Api) -> Work:
    """A queued job of a new project."""
    work = Work(project=await api.new_project())
    await work.start()
    return work


@pytest.mark.parametrize("path", PATHS)
async def test_users_are_told_that_there_is_no_such_path(api: Api, path: str) -> None:
    """Also its owner, of an own job: an operator's facts name hosts and other users."""
    work = await started(api)
    problem(await api.get(path), 404, "not-found")
    problem(await api.get(f"ops/jobs/{work.job_id}"), 404, "not-found")
    problem(await api.get(path, headers={"Authorization": ""}), 401, "unauthenticated")
    problem(await api.get(path, headers={"Authorization": "Bearer x"}), 401, "unauthenticated")


async def test_the_overview_has_what_is_active_and_what_is_wrong_with_it(
    api: Api, service: Api, clock: Clock
) -> None:
    work, ended = await started(api), await started(api)
    assert ended.job_id
    claim = await claim_job(ended.job_id, holder="worker a 1", ttl_seconds=60)
    assert claim.lease
    await finish_job(claim.lease, "completed", result={})
    clock.advance(3600)

    answer = await service.get("ops/overview")

    assert answer.status_code == 200
    content = answer.json()
    assert set(content) == {*Overview.model_fields, "findings"}
    assert [job["id"] for job in content["jobs"]] == [str(work.job_id)]
    assert [lease["job_id"] for lease in content["leases"]] == [str(work.job_id)]
    (queue,) = content["queue"]
    assert (queue["kind"], queue["queued"], queue["running"]) == ("raw_clips", 1, 0)
    assert (content["cleanup"], content["drains"]) == ([], [])
    codes = [finding["code"] for finding in content["findings"]]
    assert codes == ["cleanup-not-running", "not-claimed"]
    assert all(set(finding) == {"code", "what", "then"} for finding in content["findings"])
    assert "lease_id" not in answer.text, "it would prove that a caller holds the lease"


async def test_jobs_of_all_users_are_listed_with_the_newest_first(
    api: Api, stranger: Api, service: Api
) -> None:
    works = [await started(caller) for caller in (api, stranger, api)]
    await api.cancel(works[0].project)
    newest_first = [str(work.job_id) for work in reversed(works)]

    async def listed(**wanted: str | int) -> list[str]:
        answer = await service.get("ops/jobs", params=wanted)
        assert answer.status_code == 200, answer.text
        assert all(set(job) == set(OpsJob.model_fields) for job in answer.json())
        return [job["id"] for job in answer.json()]

    assert await listed() == newest_first
    assert await listed(limit=2) == newest_first[:2]
    assert await listed(status="cancelled") == newest_first[2:]
    assert await listed(project_id=works[1].project) == newest_first[1:2]
    assert await listed(kind="raw_clips", status="queued", limit=1) == newest_first[:1]
    assert await listed(kind="final_render") == []


@pytest.mark.parametrize(
    ("path", "advice"),
    [
        ("ops/jobs?limit=0", "query.limit"),
        ("ops/jobs?limit=101", "query.limit"),
        ("ops/jobs?status=stuck", "query.status"),
        ("ops/jobs?owner=me", "known are: kind, limit, project_id, status"),
        ("ops/overview?limit=5", "this call has none"),
    ],
)
async def test_an_unknown_or_wrong_query_parameter_is_refused(
    api: Api, service: Api, path: str, advice: str
) -> None:
    answer = await service.get(path)
    problem(answer, 422, "invalid-request")
    assert advice in answer.text
    problem(await api.get(path), 404, "not-found")


async def test_a_job_has_a_story_under_its_own_id_and_its_projects(
    api: Api, service: Api, clock: Clock
) -> None:
    work = await started(api)
    await work.claim()
    await work.advance(42)
    clock.advance(3600)

    by_job = (await service.get(f"ops/jobs/{work.job_id}")).json()
    by_project = (await service.get(f"ops/jobs/{work.project}")).json()

    assert set(by_job) == set(JobStory.model_fields)
    assert by_job["job"]["id"] == by_project["job"]["id"] == str(work.job_id)
    (claimed,) = by_job["events"]
    assert (claimed["event"], claimed["attempt"], claimed["holder"]) == ("claimed", 1, "a worker")
    assert (by_job["job"]["percentage"], by_job["job"]["holder"]) == (42, "a worker")
    assert by_job["log_query"] == f'jsonPayload.job_id="{work.job_id}"'
    codes = [finding["code"] for finding in by_job["findings"]]
    assert codes == ["worker-gone", "cleanup-not-running"]
    problem(await service.get(f"ops/jobs/{uuid4()}"), 404, "not-found")
    problem(await service.get("ops/jobs/no-such-project"), 404, "not-found")


async def test_operators_paths_are_read_only_and_in_no_public_document(service: Api) -> None:
    document = (await service.get("openapi.json")).json()
    assert document["paths"]
    assert [path for path in document["paths"] if "ops" in path.split("/")] == []
    for path in PATHS:
        answer = await service.call("POST", path, json={})
        problem(answer, 405, "method-not-allowed")
        assert answer.headers["allow"] == "GET, HEAD, OPTIONS"
