"""Jobs: an owner's own, newest first, by project, status and kind; and one by its id."""

from typing import Any
from uuid import uuid4

import pytest

from tests.support.library_client import Api, problem


async def jobs(api: Api, **query: Any) -> list[str]:
    """The ids of the jobs of all pages, two at a time."""
    found: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        answer = await api.get("jobs", params={"limit": 2, **query, **cursor})
        assert answer.status_code == 200, answer.text
        page = answer.json()
        found += [job["id"] for job in page["items"]]
        assert page["has_more"] == (page["next_cursor"] is not None)
        if not page["has_more"]:
            return found
        cursor = {"cursor": page["next_cursor"]}


async def started(api: Api, project: str) -> dict[str, Any]:
    return (await api.generate(project)).json()


async def test_jobs_are_listed_newest_first_by_project_status_and_kind(
    api: Api, stranger: Api, service: Api, project: str
) -> None:
    first = (await started(api, project))["job"]["id"]
    await api.cancel(project)
    other = await api.new_project()
    second = (await started(api, other))["job"]["id"]
    third = (await started(api, project))["job"]["id"]
    of_a_stranger = (await started(stranger, await stranger.new_project()))["job"]["id"]

    assert await jobs(api) == [third, second, first]
    assert await jobs(api, project_id=project) == [third, first]
    assert await jobs(api, status="cancelled") == [first]
    assert await jobs(api, status="queued", project_id=project) == [third]
    assert await jobs(api, kind="final_render") == await jobs(api, kind="of_my_own") == []
    assert await jobs(api, kind="raw_clips", status="queued") == [third, second]
    assert await jobs(stranger) == [of_a_stranger]
    assert await jobs(stranger, project_id=project) == []
    assert await jobs(service) == [of_a_stranger, third, second, first]
    assert await jobs(service, project_id=other) == [second]
    assert await jobs(service, status="cancelled") == [first]


async def test_a_job_is_read_at_the_url_that_its_start_tells(
    api: Api, stranger: Api, service: Api, project: str
) -> None:
    start = await started(api, project)
    path = start["job_url"].partition("/api/v1/library/")[2]
    job = (await api.get(path)).json()
    assert {name: job[name] for name in start["job"]} == start["job"]
    assert (job["status"], job["attempt"], job["error"]) == ("queued", 0, None)
    cancelled = (await api.cancel(project)).json()["job"]
    assert (await api.get(path)).json() == (await service.get(path)).json() == cancelled
    problem(await stranger.get(path), 404, "job-not-found")
    for missing in (uuid4(), "no-id"):
        problem(await api.get(f"jobs/{missing}"), 404, "job-not-found")


@pytest.mark.parametrize(
    ("query", "location"),
    [
        ({"status": "done"}, "query.status"),
        ({"kind": "Raw Clips"}, "query.kind"),
        ({"project_id": "a/b"}, "query.project_id"),
        ({"cursor": "made-up"}, "query.cursor"),
    ],
)
async def test_a_filter_that_selects_nothing_ever_is_refused(
    api: Api, query: dict[str, str], location: str
) -> None:
    content = problem(await api.get("jobs", params=query), 422, "invalid-request")
    assert content["errors"][0]["location"] == location
