"""From upload to clips, as a caller sees it: library, dispatch, worker and storage, each in its own process."""

from pathlib import Path

import pytest

from editai_client import LibraryClient, LibraryError
from editai_client.models import Progress, Project
from shared.media.probe import probe
from tests.conftest import SAMPLE
from tests.support.functions import FunctionProcess
from tests.support.waiting import eventually


async def test_a_video_becomes_clips_that_can_be_downloaded(
    client: LibraryClient, project: Project, tmp_path: Path
) -> None:
    await client.generate(project.id, SAMPLE, variant_count=2, target_duration=3, seed=1)
    updates = [progress async for progress in client.follow(project.id)]

    assert updates[-1].status == "ready_for_triage"
    assert [u.percentage for u in updates] == sorted(u.percentage for u in updates)
    clips = await client.clips(project.id)
    assert [clip.variant_number for clip in clips] == [1, 2]
    for clip in clips:
        assert clip.video_url is not None
        await client.download(clip.video_url, tmp_path / "clip.mp4")
        assert probe(tmp_path / "clip.mp4").duration_seconds == pytest.approx(3, abs=1 / 24)


async def test_the_same_seed_makes_the_same_clips(client: LibraryClient, small_video: Path) -> None:
    segments: list[list[tuple[float, float]]] = []
    for name in ("first", "second"):
        project = await client.create_project(name)
        await client.generate(project.id, small_video, variant_count=2, target_duration=2, seed=9)
        async for _ in client.follow(project.id):
            pass
        clips = await client.clips(project.id)
        segments.append([(part.start, part.end) for clip in clips for part in clip.segments])
    assert segments[0] == segments[1]


async def test_a_restarted_library_shows_the_percentage_from_before(
    client: LibraryClient, project: Project, library: FunctionProcess
) -> None:
    await client.generate(project.id, SAMPLE, variant_count=3, target_duration=4, seed=1)

    async def half_done() -> Progress | None:
        progress = await client.progress(project.id)
        return progress if progress.percentage >= 30 else None

    before = await eventually(half_done, 60)
    assert before is not None
    library.kill()
    library.start()

    after = await client.progress(project.id)
    assert before.percentage <= after.percentage
    assert after.job is not None
    assert after.job.attempt == 1
    updates = [progress async for progress in client.follow(project.id)]
    assert updates[-1].status == "ready_for_triage"
    assert len(await client.clips(project.id)) == 3


async def test_jobs_of_two_projects_run_at_once_and_never_mix(
    client: LibraryClient, small_video: Path
) -> None:
    projects = [await client.create_project(name) for name in ("first", "second")]
    for project, count in zip(projects, (1, 2), strict=True):
        await client.generate(project.id, small_video, variant_count=count, target_duration=3)
    both = [await client.progress(project.id) for project in projects]
    assert {progress.status for progress in both} == {"generating"}
    for project, count in zip(projects, (1, 2), strict=True):
        async for progress in client.follow(project.id):
            assert progress.project_id == project.id
        assert len(await client.clips(project.id)) == count


async def test_cancelling_frees_the_project_for_the_next_job(
    client: LibraryClient, project: Project, small_video: Path
) -> None:
    await client.generate(project.id, SAMPLE, variant_count=3, target_duration=6)
    with pytest.raises(LibraryError) as busy:
        await client.generate(project.id, small_video)
    assert (busy.value.status, busy.value.problem["type"]) == (
        409,
        "urn:editai:problem:project-busy",
    )
    assert busy.value.retry_after

    assert (await client.cancel(project.id)).outcome == "cancelled"

    assert (await client.progress(project.id)).percentage == 0
    await client.generate(project.id, small_video, variant_count=1, target_duration=2)
    updates = [progress async for progress in client.follow(project.id)]
    assert updates[-1].status == "ready_for_triage"
    assert [clip.variant_number for clip in await client.clips(project.id)] == [1]
