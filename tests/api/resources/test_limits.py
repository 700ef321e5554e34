"""Each limit on what a user takes is a 429 that says which and until when, and that other users do not notice."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from api.settings import get_library_settings
from shared.settings import get_settings
from tests.support.database import Clock
from tests.support.library_client import SAMPLE, Api, Traces, problem

LIMITS = {
    "MAX_STARTS_PER_MINUTE": "2",
    "MAX_PROBES_PER_MINUTE": "3",
    "MAX_PROJECTS_PER_USER": "4",
    "MAX_PENDING_SOURCES_PER_USER": "2",
}


@pytest.fixture(autouse=True)
def low_limits(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The library in this process has low limits."""
    for name, value in LIMITS.items():
        monkeypatch.setenv(name, value)
    caches = (get_settings, get_library_settings)
    for cache in caches:
        cache.cache_clear()
    yield
    for cache in caches:
        cache.cache_clear()


def refused(answer: httpx.Response, limit: str) -> int:
    """The seconds after which to try again."""
    content = problem(answer, 429, "limit-reached")
    maxima = {"starts": 2, "probes": 3, "projects": 4, "pending": 2}
    assert (content["limit"], content["maximum"]) == (limit, maxima[limit.partition("_")[0]])
    return int(answer.headers["retry-after"])


async def test_projects_and_sources_are_limited(api: Api, stranger: Api, traces: Traces) -> None:
    projects = [await api.new_project() for _ in range(4)]
    assert refused(await api.call("POST", "projects", json={"name": "x"}), "projects") == 60
    await stranger.new_project()
    await api.call("DELETE", f"projects/{projects.pop()}")
    await api.new_project()

    async def create(project: str) -> httpx.Response:
        return await api.call("POST", f"projects/{project}/sources", json={"file_name": "a.mp4"})

    sources = [(await create(project)).json()["source"]["id"] for project in projects[:2]]
    assert refused(await create(projects[2]), "pending_sources") == 60
    missing = await stranger.call(
        "POST", f"projects/{projects[0]}/sources", json={"file_name": "a"}
    )
    problem(missing, 404, "project-not-found")
    await api.call("DELETE", f"sources/{sources[0]}")
    assert (await create(projects[2])).status_code == 201
    assert traces.count("editai_sources") == 2


async def test_starts_are_limited_a_minute_and_a_cancel_gives_none_back(
    api: Api, clock: Clock, traces: Traces
) -> None:
    project = await api.new_project()
    for _ in range(2):
        assert (await api.generate(project)).status_code == 202
        assert (await api.cancel(project)).status_code == 200
    wait_seconds = refused(await api.generate(project), "starts_per_minute")
    assert 20 < wait_seconds <= 30
    assert traces.count("editai_jobs") == 2, "a refused start leaves no row"
    clock.advance(wait_seconds)
    assert (await api.generate(project)).status_code == 202


async def test_uploads_and_confirmations_share_a_limit(
    api: Api, stranger: Api, traces: Traces, clock: Clock
) -> None:
    project = await api.new_project()
    created = await api.call(
        "POST", f"projects/{project}/sources", json={"file_name": "sample.mp4"}
    )
    source: dict[str, Any] = created.json()
    for _ in range(3):
        answer = await api.generate(project, b"this is no video at all")
        problem(answer, 422, "unusable-video")
    confirm = f"sources/{source['source']['id']}/confirm"
    wait_seconds = refused(await api.call("POST", confirm), "probes_per_minute")
    refused(await api.generate(project), "probes_per_minute")
    assert traces.files() == []
    assert (await stranger.generate(await stranger.new_project())).status_code == 202
    clock.advance(wait_seconds)
    await api.http.put(source["upload_url"], content=SAMPLE.read_bytes())
    assert (await api.call("POST", confirm)).status_code == 200
    assert (await api.call("POST", confirm)).status_code == 200
