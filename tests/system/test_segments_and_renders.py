"""Clips from segments of uploaded sources, and their final render, as a caller sees them."""

import asyncio
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from editai_client import LibraryClient, LibraryError
from editai_client.models import Clip, Progress, Project
from shared.media.probe import probe
from tests.support.media import footage

SRT = "1\n00:00:00,200 --> 00:00:01,800\nA line of text\n"


async def ended(client: LibraryClient, project: Project) -> Progress:
    """The last progress of the running job."""
    return [progress async for progress in client.follow(project.id)][-1]


@pytest.fixture
async def clip(client: LibraryClient, project: Project, small_video: Path) -> Clip:
    """A clip of 2 s, made of two segments of an uploaded source."""
    source = await client.upload(project.id, small_video)
    segments = [
        {"source_id": str(source.id), "start": start, "end": start + 1.0} for start in (1.0, 5.0)
    ]
    await client.generate_from_segments(project.id, segments, target_duration=2, variant_count=1)
    assert (await ended(client, project)).status == "ready_for_triage"
    return (await client.clips(project.id))[0]


async def test_segments_of_an_uploaded_source_become_a_clip(
    client: LibraryClient, clip: Clip, tmp_path: Path
) -> None:
    assert [(part.start, part.end) for part in clip.segments] == [(1, 2), (5, 6)]
    assert clip.video_url is not None
    await client.download(clip.video_url, tmp_path / "clip.mp4")
    assert probe(tmp_path / "clip.mp4").duration_seconds == pytest.approx(2, abs=1 / 24)


async def test_new_variants_continue_the_project_s_numbering(
    client: LibraryClient, project: Project, clip: Clip
) -> None:
    segments = [part.model_dump(mode="json") for part in clip.segments]
    await client.generate_from_segments(
        project.id, segments, target_duration=1, variant_count=2, selection_mode="random", seed=3
    )
    await ended(client, project)
    assert [clip.variant_number for clip in await client.clips(project.id)] == [1, 2, 3]


async def test_an_invalid_segment_is_refused_with_its_index(
    client: LibraryClient, project: Project, clip: Clip
) -> None:
    good = clip.segments[0].model_dump(mode="json")
    for bad, message in (
        (good | {"start": 11, "end": 99}, "is outside its source"),
        (good | {"start": 3.0, "end": 3.01}, "is shorter than one frame"),
        (good | {"start": 1.5, "end": 2.5}, "overlaps segment 0"),
        (good | {"source_id": str(uuid4())}, "refers to a source that is not in this project"),
    ):
        with pytest.raises(LibraryError) as refused:
            await client.generate_from_segments(project.id, [good, bad], target_duration=2)
        assert refused.value.status == 422
        error = refused.value.problem["errors"][0]
        assert error["location"] == "body.segments.1"
        assert message in error["message"]
    assert (await client.progress(project.id)).status == "ready_for_triage"


@pytest.mark.parametrize(
    ("name", "start", "picture_end"),
    [("subtitle_track_longer.mp4", 10, "6.067"), ("mkv_starts_12s.mkv", 25, "20.021")],
)
async def test_a_segment_beyond_the_picture_is_told_where_that_ends(
    client: LibraryClient, project: Project, name: str, start: float, picture_end: str
) -> None:
    """Its container claims that much time."""
    source = await client.upload(project.id, footage.CASES / name)
    beyond = {"source_id": str(source.id), "start": start, "end": start + 5}
    with pytest.raises(LibraryError) as refused:
        await client.generate_from_segments(project.id, [beyond], target_duration=2)
    assert refused.value.status == 422
    message = refused.value.problem["errors"][0]["message"]
    assert f"whose picture ends at {picture_end} seconds" in message


async def test_each_render_of_a_clip_adds_an_export(
    client: LibraryClient, project: Project, clip: Clip, tmp_path: Path
) -> None:
    subtitles: dict[str, Any] = {"srt": SRT, "style": {"size": 80, "position": "middle"}}
    wanted: dict[str, dict[str, Any]] = {
        "instagram_reels": {"fit": "blur", "subtitles": subtitles},
        "instagram_square": {"fit": "pad"},
    }
    for preset, options in wanted.items():
        await client.render(clip.id, preset, **options)
        assert (await client.progress(project.id)).status == "rendering"
        assert (await ended(client, project)).status == "ready_for_triage"
    square, reel = await client.exports(clip.id)
    assert (reel.preset, reel.width, reel.height) == ("instagram_reels", 1080, 1920)
    assert (square.preset, square.width, square.height) == ("instagram_square", 1080, 1080)
    assert reel.video_url is not None
    await client.download(reel.video_url, tmp_path / "reel.mp4")
    facts = probe(tmp_path / "reel.mp4")
    assert (facts.video.width, facts.video.height) == (1080, 1920)
    assert facts.duration_seconds == pytest.approx(clip.duration_seconds, abs=1 / 30)


async def test_a_render_holds_the_project_of_its_clip(
    client: LibraryClient, project: Project, clip: Clip
) -> None:
    accepted = await client.render(clip.id, "youtube")
    assert "clip_path" not in accepted.job.params
    with pytest.raises(LibraryError) as busy:
        await client.render(clip.id, "tiktok")
    assert (busy.value.status, busy.value.problem["job"]["kind"]) == (409, "final_render")
    await client.cancel(project.id)


async def test_an_unknown_preset_and_bad_subtitles_are_refused(
    client: LibraryClient, clip: Clip
) -> None:
    with pytest.raises(LibraryError, match="Unknown export preset"):
        await client.render(clip.id, "cinema")
    with pytest.raises(LibraryError, match="Line 2") as refused:
        await client.render(clip.id, "tiktok", subtitles={"srt": "1\nnot a time\ntext\n"})
    assert refused.value.status == 422


async def test_twenty_requests_with_one_idempotency_key_start_one_job(
    client: LibraryClient, project: Project, clip: Clip
) -> None:
    responses = await asyncio.gather(
        *(client.render(clip.id, "tiktok", idempotency_key="render-once") for _ in range(20))
    )
    assert all(response == responses[0] for response in responses)
    await ended(client, project)
    assert len(await client.exports(clip.id)) == 1


async def test_an_upload_that_is_not_a_video_is_not_confirmed(
    client: LibraryClient, project: Project, tmp_path: Path
) -> None:
    text = tmp_path / "notes.mp4"
    text.write_text("not a video")
    with pytest.raises(LibraryError) as refused:
        await client.upload(project.id, text)
    assert (refused.value.status, refused.value.problem["reason"]) == (422, "not_a_video")
    assert await client.sources(project.id) == []


async def test_deleting_a_source_keeps_its_clips(
    client: LibraryClient, project: Project, clip: Clip
) -> None:
    source_id = clip.segments[0].source_id
    await client.delete_source(source_id)
    assert await client.sources(project.id) == []
    assert clip.video_url is not None
    async with httpx.AsyncClient() as http:
        response = await http.get(clip.video_url, headers={"Range": "bytes=0-99"})
    assert (response.status_code, len(response.content)) == (206, 100)
