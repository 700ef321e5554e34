"""A raw clips job from its delivery to its end, with real ffmpeg, a real worker process and real faults."""

import os
import signal
from contextlib import suppress

import pytest

from shared.media.probe import probe
from shared.settings import get_settings
from tests.support.database import Clock
from tests.support.functions import FunctionProcess
from tests.support.waiting import eventually
from tests.worker.jobs.conftest import Cleanup, Deliver, ProjectAtWork, alive, ffmpegs_of


async def test_it_makes_the_requested_clips(
    project: ProjectAtWork, worker: FunctionProcess, deliver: Deliver
) -> None:
    job = await project.start()
    assert (await deliver(worker, job.id)).status_code == 202

    progress = await project.ended()

    assert (progress.status, progress.percentage) == ("ready_for_triage", 100)
    clips = project.clips()
    assert [clip.variant_name for clip in clips] == ["Variant 1", "Variant 2", "Variant 3"]
    for clip in clips:
        facts = probe(project.storage / clip.storage_path)
        assert facts.duration_seconds == pytest.approx(3, abs=1 / 24)
        assert facts.size_bytes == clip.size_bytes
        assert sum(part.end - part.start for part in clip.segments) == pytest.approx(3, abs=1 / 24)
    assert project.files() == {p for c in clips for p in (c.storage_path, c.thumbnail_path)}
    assert project.count("editai_locks") == 0


async def test_its_progress_rises_and_estimates_the_remaining_time(
    project: ProjectAtWork, worker: FunctionProcess, deliver: Deliver
) -> None:
    job = await project.start(target_duration=12, variant_count=10)
    await deliver(worker, job.id)
    seen: list[tuple[int, int | None]] = []

    async def ended() -> bool:
        progress = await project.progress()
        seen.append((progress.percentage, progress.estimated_remaining))
        return progress.job_status == "completed"

    await eventually(ended, 90, interval=0.1)
    percentages = [percentage for percentage, _ in seen]
    assert percentages == sorted(percentages)
    assert len(set(percentages)) > 4
    assert any(remaining for _, remaining in seen)


async def test_a_job_of_a_killed_worker_resumes_after_its_recorded_clips(
    project: ProjectAtWork,
    worker: FunctionProcess,
    clean_up: Cleanup,
    deliver: Deliver,
    clock: Clock,
) -> None:
    job = await project.start(target_duration=6)
    await deliver(worker, job.id)
    first = (await eventually(project.clips, 60))[0]
    encoders = await eventually(lambda: ffmpegs_of(worker), 30)
    worker.kill()
    await eventually(lambda: not alive(encoders), 5)
    assert (await project.progress()).status == "generating"
    worker.start()
    clock.advance(10)

    counts = await clean_up()

    assert (counts["requeued"], counts["dispatched"]) == (1, 1)
    progress = await project.ended()
    assert (progress.status, progress.job_attempt) == ("ready_for_triage", 2)
    clips = project.clips()
    assert clips[0] == first
    assert len(clips) == 3
    assert int(clips[2].storage_path.split("/")[3]) > int(first.storage_path.split("/")[3])


async def test_cancelling_stops_ffmpeg_and_frees_the_project(
    project: ProjectAtWork, worker: FunctionProcess, deliver: Deliver
) -> None:
    job = await project.start(target_duration=15)
    await deliver(worker, job.id)
    await eventually(lambda: ffmpegs_of(worker), 30)

    log = worker.watch_log()

    project.admin.execute("select editai_cancel_job(%s, null)", [project.id])

    await eventually(lambda: not ffmpegs_of(worker), 3)
    assert project.count("editai_locks") == project.count("editai_generation_progress") == 0
    assert (await project.try_start()).outcome == "started"
    await eventually(lambda: log.lines(job_id=str(job.id), outcome="cancelled"))


async def test_files_of_a_cancelled_job_are_removed_by_cleanup(
    project: ProjectAtWork,
    worker: FunctionProcess,
    clean_up: Cleanup,
    deliver: Deliver,
    clock: Clock,
) -> None:
    job = await project.start(target_duration=6)
    await deliver(worker, job.id)
    await eventually(project.clips, 60)
    project.admin.execute("select editai_cancel_job(%s, null)", [project.id])
    left = project.storage / f"{project.id}/jobs/{job.id}/1/clip-9.mp4"
    # Two are recorded by the cancellation, one by the worker when it learns of it.
    await eventually(lambda: project.count("editai_storage_garbage") == 3, 20)
    clips = project.clips()
    assert clips, "what was recorded before the cancellation stays"
    recorded = {p for c in clips for p in (c.storage_path, c.thumbnail_path)}
    for seconds in (600, get_settings().job_deadline_seconds + 3600):
        left.parent.mkdir(parents=True, exist_ok=True)
        left.write_bytes(b"what a stale holder stored, soon or late")
        clock.advance(seconds)
        assert (await clean_up())["files_removed"] >= 1
        assert project.files() == recorded
    assert project.count("editai_storage_garbage") == 0


async def test_a_second_delivery_changes_nothing(
    project: ProjectAtWork, worker: FunctionProcess, deliver: Deliver
) -> None:
    job = await project.start()
    assert (await deliver(worker, job.id)).status_code == 202
    live = await deliver(worker, job.id)
    assert (live.status_code, live.json()) == (200, {"outcome": "running"})
    await project.ended()
    late = await deliver(worker, job.id)
    assert (late.status_code, late.json()) == (200, {"outcome": "ended"})
    assert len(project.clips()) == 3


async def test_a_source_that_cannot_be_decoded_fails_the_job_with_a_reason(
    project: ProjectAtWork, worker: FunctionProcess, deliver: Deliver
) -> None:
    stored = project.storage / project.source_path
    content = bytearray(stored.read_bytes())
    content[2000:-60_000] = bytes(len(content) - 62_000)
    stored.write_bytes(content)
    job = await project.start()
    await deliver(worker, job.id)

    progress = await project.ended()

    assert (progress.status, progress.job_status) == ("failed", "failed")
    assert progress.job_error is not None
    assert progress.job_error["detail"]
    assert str(project.storage) not in str(progress.job_error)
    assert project.count("editai_locks") == 0


async def test_a_killed_ffmpeg_costs_an_attempt_and_not_the_job(
    project: ProjectAtWork,
    worker: FunctionProcess,
    clean_up: Cleanup,
    deliver: Deliver,
    clock: Clock,
) -> None:
    def abandoned() -> bool:
        """Kill every running ffmpeg until the attempt is over: one that is about to exit may succeed regardless."""
        for pid in ffmpegs_of(worker):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return project.abandoned()

    job = await project.start(target_duration=6)
    await deliver(worker, job.id)
    await eventually(abandoned, 60)
    clock.advance(1)
    assert (await clean_up())["requeued"] == 1
    progress = await project.ended()
    assert (progress.status, progress.job_attempt) == ("ready_for_triage", 2)


async def test_an_attempt_that_lasts_too_long_is_abandoned_and_the_next_one_resumes(
    project: ProjectAtWork,
    worker: FunctionProcess,
    clean_up: Cleanup,
    deliver: Deliver,
    clock: Clock,
) -> None:
    worker.restart(ATTEMPT_SECONDS="0.5")
    try:
        log = worker.watch_log()
        job = await project.start(target_duration=6)
        await deliver(worker, job.id)
        await eventually(lambda: log.lines(job_id=str(job.id), outcome="abandoned"), 60)
        assert project.abandoned()
        assert ffmpegs_of(worker) == []
        assert "the attempt is abandoned: it has lasted 0.5 s" in log.text()
        assert "has another form" not in log.text(), "the worker understands what it was answered"
    finally:
        worker.restart()
    clock.advance(1)
    assert (await clean_up())["requeued"] == 1
    progress = await project.ended()
    assert (progress.status, progress.job_attempt) == ("ready_for_triage", 2)
