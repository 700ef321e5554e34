"""Clips and export presets; and pages of every list."""

import json
from base64 import urlsafe_b64encode
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from shared.jobs.lifecycle import claim_job, record_clip
from shared.jobs.records import Clip
from tests.support.database import Clock, Connection
from tests.support.library_client import Api, Traces, problem


async def make_clips(api: Api, project: str, count: int) -> list[Clip]:
    """Record clips as a worker does; their files are a few bytes."""
    job = (await api.generate(project)).json()["job"]
    claim = await claim_job(UUID(job["id"]), holder="a worker", ttl_seconds=60)
    assert claim.lease
    clips: list[Clip] = []
    for number in range(1, count + 1):
        row: dict[str, Any] = {
            "variant_number": number,
            "variant_name": f"Variant {number}",
            "storage_path": f"{project}/jobs/{job['id']}/1/clip-{number}.mp4",
            "thumbnail_path": f"{project}/jobs/{job['id']}/1/clip-{number}.jpg",
            "duration_seconds": 3.0,
            "size_bytes": 5,
            "width": 1280,
            "height": 720,
            "frame_rate": 24.0,
            "segments": [{"source_id": job["params"]["source_id"], "start": 0.0, "end": 3.0}],
        }
        clips.append(await record_clip(claim.lease, row))
    await api.cancel(project)
    return clips


async def test_a_clip_s_files_are_reached_by_its_urls(
    api: Api, project: str, traces: Traces
) -> None:
    (clip,) = await make_clips(api, project, 1)
    for path in (clip.storage_path, clip.thumbnail_path):
        (traces.storage / path).parent.mkdir(parents=True, exist_ok=True)
        (traces.storage / path).write_bytes(b"bytes")
    answer = await api.get(f"clips/{clip.id}")
    assert answer.status_code == 200
    seen = answer.json()
    assert not {"storage_path", "thumbnail_path"} & seen.keys()
    assert datetime.fromisoformat(seen["urls_expire_at"]) > clip.created_at
    video, thumbnail = [await api.http.get(seen[name]) for name in ("video_url", "thumbnail_url")]
    assert (video.content, video.headers["content-type"]) == (b"bytes", "video/mp4")
    assert (thumbnail.content, thumbnail.headers["content-type"]) == (b"bytes", "image/jpeg")


async def test_a_clip_is_named_and_selected(api: Api, project: str) -> None:
    (clip,) = await make_clips(api, project, 1)
    path = f"clips/{clip.id}"
    named = await api.call("PATCH", path, json={"variant_name": "With the sunset"})
    assert (named.status_code, named.json()["is_selected"]) == (200, False)
    selected = await api.call("PATCH", path, json={"is_selected": True})
    assert selected.json()["variant_name"] == "With the sunset"
    assert selected.json()["is_selected"]
    unchanged = await api.call("PATCH", path, json={})
    assert unchanged.json()["is_selected"]


@pytest.mark.parametrize(
    ("body", "location"),
    [
        ({"variant_name": ""}, "body.variant_name"),
        ({"is_selected": "yes"}, "body.is_selected"),
        ({"variant_number": 4}, "body.variant_number"),
    ],
)
async def test_an_invalid_change_of_a_clip_is_named(
    api: Api, body: dict[str, Any], location: str
) -> None:
    answer = await api.call("PATCH", f"clips/{uuid4()}", json=body)
    content = problem(answer, 422, "invalid-request")
    assert [part["location"] for part in content["errors"]] == [location]


async def test_another_users_clip_is_not_found(api: Api, stranger: Api, project: str) -> None:
    (clip,) = await make_clips(api, project, 1)
    calls: list[tuple[str, dict[str, Any]]] = [
        ("GET", {}),
        ("PATCH", {"json": {"is_selected": True}}),
        ("DELETE", {}),
    ]
    for method, options in calls:
        foreign = await stranger.call(method, f"clips/{clip.id}", **options)
        missing = await stranger.call(method, f"clips/{uuid4()}", **options)
        content = problem(foreign, 404, "clip-not-found")
        assert content == problem(missing, 404, "clip-not-found")
        problem(await stranger.call(method, "clips/1", **options), 404, "clip-not-found")
    nothing: dict[str, Any] = {"items": [], "next_cursor": None, "has_more": False}
    assert (await stranger.get("clips")).json() == nothing
    assert not (await api.get(f"clips/{clip.id}")).json()["is_selected"]


def add_export(admin: Connection, clip: Clip) -> UUID:
    """A finished render of the clip, as its job would record it."""
    job_id, export_id = uuid4(), uuid4()
    path = f"{clip.project_id}/jobs/{job_id}/2/export"
    admin.execute(
        "insert into editai_exports (id, project_id, clip_id, job_id, preset, options, storage_path,"
        " thumbnail_path, duration_seconds, size_bytes, width, height, frame_rate)"
        " values (%s, %s, %s, %s, 'tiktok', '{}', %s, %s, 1, 1, 1, 1, 1)",
        [export_id, clip.project_id, clip.id, job_id, f"{path}.mp4", f"{path}.jpg"],
    )
    return export_id


async def test_a_clip_and_its_exports_are_deleted(
    api: Api, project: str, admin: Connection
) -> None:
    first, second = await make_clips(api, project, 2)
    exports = [add_export(admin, clip) for clip in (first, first, second)]
    assert (await api.call("DELETE", f"exports/{exports[0]}")).status_code == 204
    problem(await api.call("DELETE", f"exports/{exports[0]}"), 404, "export-not-found")
    listed = (await api.get(f"clips/{first.id}/exports")).json()["items"]
    assert [item["id"] for item in listed] == [str(exports[1])]
    deleted = await api.call("DELETE", f"clips/{first.id}")
    assert (deleted.status_code, deleted.content) == (204, b"")
    problem(await api.call("DELETE", f"clips/{first.id}"), 404, "clip-not-found")
    problem(await api.call("DELETE", f"exports/{exports[1]}"), 404, "export-not-found")
    listed = (await api.get("clips")).json()["items"]
    assert [item["id"] for item in listed] == [str(second.id)]


async def test_a_clip_stays_while_a_job_holds_its_project(api: Api, project: str) -> None:
    (clip,) = await make_clips(api, project, 1)
    job = (await api.generate(project)).json()["job"]
    content = problem(await api.call("DELETE", f"clips/{clip.id}"), 409, "project-busy")
    assert content["job"]["id"] == job["id"]
    await api.cancel(project)
    assert (await api.call("DELETE", f"clips/{clip.id}")).status_code == 204


async def test_another_users_export_is_not_found(
    api: Api, stranger: Api, project: str, admin: Connection
) -> None:
    (clip,) = await make_clips(api, project, 1)
    export_id = add_export(admin, clip)
    for path in (export_id, uuid4(), "1"):
        problem(await stranger.call("DELETE", f"exports/{path}"), 404, "export-not-found")
    assert len((await api.get(f"clips/{clip.id}/exports")).json()["items"]) == 1


async def test_clips_of_all_projects_come_newest_first(api: Api, project: str) -> None:
    older = await make_clips(api, project, 2)
    newer = await make_clips(api, await api.new_project(), 1)
    listed = (await api.get("clips")).json()["items"]
    assert [clip["id"] for clip in listed] == [str(c.id) for c in (*newer, *reversed(older))]
    of_one = (await api.get(f"projects/{project}/clips")).json()["items"]
    assert [clip["id"] for clip in of_one] == [str(clip.id) for clip in reversed(older)]


@pytest.mark.parametrize("path", ["projects/{project}/clips", "clips"])
async def test_pages_of_clips_have_each_clip_once(api: Api, project: str, path: str) -> None:
    clips = await make_clips(api, project, 5)
    pages = await all_pages(api, path.format(project=project), limit=2)
    assert [len(page) for page in pages] == [2, 2, 1]
    seen = [item["id"] for page in pages for item in page]
    assert seen == [str(clip.id) for clip in reversed(clips)]


async def test_pages_of_projects_stay_stable_while_projects_are_added(api: Api) -> None:
    created = [await api.new_project(f"Project {number}") for number in range(4)]
    first = (await api.get("projects", params={"limit": 2})).json()
    await api.new_project("Newer than the page")
    second = await api.get("projects", params={"limit": 2, "cursor": first["next_cursor"]})
    seen = [item["id"] for item in (*first["items"], *second.json()["items"])]
    assert seen == list(reversed(created))
    assert second.json()["next_cursor"] is None


async def test_pages_of_sources_have_each_source_once(api: Api, project: str) -> None:
    for _ in range(3):
        await api.generate(project)
        await api.cancel(project)
    pages = await all_pages(api, f"projects/{project}/sources", limit=1)
    assert len({item["id"] for page in pages for item in page}) == 3


AT, ID = "2026-01-01T00:00:00Z", "00000000-0000-4000-8000-000000000000"


def cursor_of(*position: object) -> str:
    return urlsafe_b64encode(json.dumps(position).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "äöü",
        "e30",  # {}
        "WyIyMDI2LTAxLTAxIiwgMV0",  # a number as id
        "WyJub3cnKCkiLCAiYSJd",  # no time
        "WyIyMDI2LTAxLTAxVDAwOjAwOjAwWiIsICJcdTAwMDAiXQ",  # an id that is none
        cursor_of("1", AT, ID),  # a number that is a text
        cursor_of(True, AT, ID),  # or a boolean
        cursor_of(-1, AT, ID),  # or is negative
        cursor_of(2**63, AT, ID),  # or does not fit
        cursor_of(1.0, AT, ID),  # or is no integer
        cursor_of(1, 1, AT, ID),  # two numbers
        "x" * 301,
    ],
)
@pytest.mark.parametrize("path", ["projects", "clips"])
async def test_a_cursor_that_was_made_up_is_refused(api: Api, path: str, cursor: str) -> None:
    content = problem(await api.get(path, params={"cursor": cursor}), 422, "invalid-request")
    assert content["errors"][0]["location"] == "query.cursor"


async def test_the_order_is_that_of_creation_when_the_clock_goes_back(
    api: Api, clock: Clock
) -> None:
    created: list[str] = []
    for number in range(5):
        created.append(await api.new_project(f"Project {number}"))
        clock.advance(-20)
    pages = await all_pages(api, "projects", limit=2)
    assert [item["id"] for page in pages for item in page] == list(reversed(created))


async def test_a_cursor_from_before_rows_had_numbers_still_works(
    api: Api, admin: Connection
) -> None:
    """Of rows from before the upgrade, and of rows that the earlier code has created since."""
    created = [await api.new_project(f"Project {number}") for number in range(5)]
    admin.execute("update editai_projects set row_number = 0 where id = any(%s)", [created[:3]])
    for position in range(1, 5):
        (row,) = admin.execute(
            "select to_json(created_at) #>> '{}' as created_at from editai_projects where id = %s",
            [created[position]],
        ).fetchall()
        old = cursor_of(row["created_at"], created[position])
        page = await api.get("projects", params={"cursor": old})
        assert [item["id"] for item in page.json()["items"]] == created[:position][::-1]
    pages = await all_pages(api, "projects", limit=1)
    assert [item["id"] for page in pages for item in page] == created[::-1]


@pytest.mark.parametrize("limit", ["0", "101", "many", "-1"])
async def test_a_page_has_between_one_and_a_hundred_items(api: Api, limit: str) -> None:
    content = problem(await api.get("clips", params={"limit": limit}), 422, "invalid-request")
    assert content["errors"][0]["location"] == "query.limit"


async def test_export_presets_are_listed(api: Api) -> None:
    answer = await api.get("export-presets")
    presets = {preset["name"]: preset for preset in answer.json()["items"]}
    reels = presets["instagram_reels"]
    assert (reels["width"], reels["height"]) == (1080, 1920)
    assert reels["fits"] == ["crop", "pad", "blur"]
    assert {"tiktok", "youtube_shorts", "instagram_square", "youtube"} < presets.keys()


async def all_pages(api: Api, path: str, limit: int) -> list[list[dict[str, Any]]]:
    pages: list[list[dict[str, Any]]] = []
    cursor: str | None = None
    while cursor or not pages:
        params = {"limit": str(limit), **({"cursor": cursor} if cursor else {})}
        page = (await api.get(path, params=params)).json()
        pages.append(page["items"])
        cursor = page["next_cursor"]
    return pages
