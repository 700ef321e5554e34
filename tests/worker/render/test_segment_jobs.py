"""A segments job joins the chosen segments of sources of any kind, and resumes after an interruption."""

import asyncio
import os
import tempfile
from contextlib import suppress
from pathlib import Path

import pytest

from shared.jobs.records import JobKind
from shared.media.probe import probe
from tests.support.database import Clock
from tests.support.media import footage
from tests.support.media.kinds import X264, make_kind
from tests.support.waiting import eventually
from tests.worker.render.conftest import Studio
from tests.worker.render.rendering import grey_frames

KINDS = [
    "plain.mp4",
    "portrait-by-rotation.mp4",
    "variable-frame-rate.mp4",
    "five-channels-and-bass.mp4",
    "no-sound.mp4",
    "odd-sides.mp4",
    "ten-bit-hdr-hevc.mp4",
    "vp9-and-opus.webm",
    "half-a-second.mp4",
    "mp3-in-mp4.mp4",
]
LENGTH = 0.4


def _four_k(path: Path) -> Path:
    picture = footage.pattern(0.5, size="3840x2160")
    footage.make(*picture, *footage.tone(0.5), *X264, "-c:a", "aac", str(path))
    return path


def _numbered(path: Path) -> Path:
    footage.make(*footage.numbered(8), *X264, str(path))
    return path


async def test_sources_of_every_kind_join_in_one_clip(studio: Studio, tmp_path: Path) -> None:
    files = [make_kind(name, tmp_path) for name in KINDS] + [_four_k(tmp_path / "four-k.mp4")]
    studio.add(*files)
    segments = [studio.segment(file.stem, 0.05, 0.05 + LENGTH) for file in files]
    params = {"segments": segments, "target_duration": 60, "width": 320, "frame_rate": 30}
    job = await studio.start("segment_clips", params)

    assert await studio.run(job) == "completed"

    [clip] = studio.clips()
    video = studio.stored(clip.storage_path)
    facts = probe(video)
    assert facts.duration_seconds == pytest.approx(LENGTH * len(files), abs=1 / 30)
    assert (facts.video.width, facts.video.height) == (320, 180)
    assert [str(segment.source_id) for segment in clip.segments] == [
        str(studio.sources[file.stem]) for file in files
    ]
    frames = grey_frames(video, (64, 36))
    sound = footage.samples(video)
    for index, file in enumerate(files):
        middle = (index + 0.5) * LENGTH
        pixels = frames[round(middle * 30)]
        assert sum(pixels) / len(pixels) > 20, f"{file.name} is seen"
        heard = max(sound[round((middle - 0.1) * 48000) : round((middle + 0.1) * 48000)])
        assert (heard > 300) == (file.stem != "no-sound"), f"{file.name} is heard"


async def test_a_little_source_does_not_reduce_the_clip_to_its_size(
    studio: Studio, tmp_path: Path
) -> None:
    """Even if it has the most time; the rate is that of most of the frames."""
    low, large = tmp_path / "low.mp4", tmp_path / "large.mp4"
    footage.make(*footage.pattern(2, rate=10), *X264, str(low))
    footage.make(*footage.pattern(1, size="1920x1080", rate=25), *X264, str(large))
    studio.add(low, large)
    segments = [
        studio.segment("low", 0, 1.5),
        studio.segment("large", 0, 0.4),
        studio.segment("large", 0.4, 0.8),
    ]
    params = {"segments": segments, "target_duration": 9}
    assert await studio.run(await studio.start("segment_clips", params)) == "completed"
    [clip] = studio.clips()
    assert (clip.width, clip.height, clip.frame_rate) == (1920, 1080, 25)
    assert clip.duration_seconds == pytest.approx(2.3, abs=0.04)


@pytest.mark.parametrize("kind", ["segment_clips", "raw_clips"])
async def test_a_request_chooses_the_size_and_rate_of_its_clips(
    studio: Studio, tmp_path: Path, kind: JobKind
) -> None:
    """A source of another shape gets bars."""
    studio.add(_numbered(tmp_path / "numbers.mp4"))
    of = {
        "segment_clips": {"segments": [studio.segment("numbers", 1, 2)]},
        "raw_clips": {"source_id": str(studio.sources["numbers"]), "variant_count": 1, "seed": 1},
    }
    chosen = {"target_duration": 1, "width": 96, "height": 192, "frame_rate": 29.97}
    assert await studio.run(await studio.start(kind, of[kind] | chosen)) == "completed"
    [clip] = studio.clips()
    assert (clip.width, clip.height) == (96, 192)
    assert clip.frame_rate == pytest.approx(30000 / 1001)
    lumas = footage.read(
        studio.stored(clip.storage_path),
        *("-frames:v", "1", "-vf", "scale=1:192:flags=area,format=gray", "-f", "rawvideo"),
    )
    assert max(lumas[:70]) < 20, "a bar above"
    assert max(lumas[80:110]) > 20, "the picture"
    assert max(lumas[125:]) < 20, "a bar below"


async def test_clips_show_exactly_the_segments_selected(studio: Studio, tmp_path: Path) -> None:
    studio.add(_numbered(tmp_path / "numbers.mp4"))
    segments = [studio.segment("numbers", second, second + 0.5) for second in (4, 1, 6)]
    params = {"segments": segments, "target_duration": 1.2, "variant_count": 3, "mute": True}

    assert await studio.run(await studio.start("segment_clips", params)) == "completed"

    clips = studio.clips()
    assert [clip.variant_number for clip in clips] == [1, 2, 3]
    parts = {4: range(120, 135), 1: range(30, 45), 6: range(180, 195)}
    for clip, order in zip(clips, ([4, 1, 6], [1, 6, 4], [6, 4, 1]), strict=True):
        expected = [*parts[order[0]], *parts[order[1]], *parts[order[2]][:6]]
        assert footage.numbers(studio.stored(clip.storage_path)) == expected
        assert [segment.start for segment in clip.segments] == order
        assert clip.segments[-1].end == pytest.approx(order[-1] + 0.2)
        assert studio.stored(clip.thumbnail_path).read_bytes().startswith(b"\xff\xd8")


async def test_a_new_job_s_variants_continue_the_project_s_numbering(
    studio: Studio, tmp_path: Path
) -> None:
    studio.add(_numbered(tmp_path / "numbers.mp4"))
    params = {"segments": [studio.segment("numbers", 0, 1)], "target_duration": 0.5}
    for count in (2, 1):
        job = await studio.start("segment_clips", params | {"variant_count": count})
        assert await studio.run(job) == "completed"
    clips = studio.clips()
    assert [clip.variant_name for clip in clips] == ["Variant 1", "Variant 2", "Variant 3"]
    progress = await studio.progress()
    assert (progress.status, progress.percentage) == ("ready_for_triage", 100)


async def test_an_interrupted_job_resumes_after_its_recorded_clips(
    studio: Studio, tmp_path: Path, clock: Clock
) -> None:
    studio.add(_numbered(tmp_path / "numbers.mp4"))
    segments = [studio.segment("numbers", second, second + 2) for second in range(0, 8, 2)]
    params = {"segments": segments, "target_duration": 6, "variant_count": 3, "seed": 5}
    job = await studio.start("segment_clips", params | {"selection_mode": "random"})
    attempt = asyncio.create_task(studio.run(job))
    await eventually(studio.clips, 30)
    attempt.cancel()
    with suppress(asyncio.CancelledError):
        await attempt
    first = studio.clips()
    assert len(first) < 3
    clock.advance(120)

    assert await studio.run(job) == "completed"

    clips = studio.clips()
    assert clips[: len(first)] == first
    assert len(list(studio.storage.rglob("clip-1.mp4"))) == 1, "it was not made again"
    assert len({tuple(segment.start for segment in clip.segments) for clip in clips}) == 3


async def test_a_segment_too_short_for_a_frame_of_the_clip_is_left_out(
    studio: Studio, tmp_path: Path
) -> None:
    fast = tmp_path / "fast.mp4"
    footage.make(*footage.pattern(1, rate=60), *X264, str(fast))
    studio.add(_numbered(tmp_path / "numbers.mp4"), fast)
    segments = [
        studio.segment("numbers", 0, 1),
        studio.segment("fast", 0, 1 / 120),
        studio.segment("numbers", 2, 3),
    ]
    job = await studio.start("segment_clips", {"segments": segments, "target_duration": 5})
    assert await studio.run(job) == "completed"
    [clip] = studio.clips()
    assert len(clip.segments) == 2
    assert footage.numbers(studio.stored(clip.storage_path)) == [*range(30), *range(60, 90)]


async def test_a_source_without_its_file_fails_the_job_with_a_reason(
    studio: Studio, tmp_path: Path
) -> None:
    studio.add(_numbered(tmp_path / "numbers.mp4"))
    for file in (studio.storage / "reel" / "sources").iterdir():
        file.unlink()
    params = {"segments": [studio.segment("numbers", 0, 1)], "target_duration": 1}
    assert await studio.run(await studio.start("segment_clips", params)) == "failed"
    progress = await studio.progress()
    assert progress.job_error == {
        "code": "unreadable",
        "detail": "The source's file no longer exists.",
    }


@pytest.mark.parametrize(("start", "end"), [(4, 5), (1.5, 2.5), (2, 2.5)])
async def test_a_file_that_ends_before_a_segment_does_fails_the_job_with_a_reason(
    studio: Studio, tmp_path: Path, start: float, end: float
) -> None:
    """Although its stored duration is longer. A retry with the same file would fail the same way."""
    short = tmp_path / "short.mp4"
    footage.make(*footage.numbered(2), *X264, str(short))
    studio.add(_numbered(tmp_path / "numbers.mp4"))
    [stored] = (studio.storage / "reel" / "sources").iterdir()
    stored.write_bytes(short.read_bytes())
    segments = [studio.segment("numbers", 0, 1), studio.segment("numbers", start, end)]
    job = await studio.start("segment_clips", {"segments": segments, "target_duration": 5})

    assert await studio.run(job) == "failed"

    progress = await studio.progress()
    assert (progress.status, progress.job_attempt) == ("failed", 1)
    assert progress.job_error == {
        "code": "truncated",
        "detail": f"A segment ends at {end:.3f} seconds, but its source's file ends at 2.000 seconds.",
    }
    assert studio.clips() == []


async def test_a_segment_before_the_first_picture_fails_the_job_with_a_reason(
    studio: Studio, tmp_path: Path
) -> None:
    """One that has a picture in its second half is black until then."""
    late = tmp_path / "late.mp4"
    picture = ["-itsoffset", "1.5", *footage.pattern(2), *footage.tone(3)]
    footage.make(*picture, *X264, "-c:a", "aac", str(late))
    studio.add(late)
    params = {"segments": [studio.segment("late", 0.2, 1.4)], "target_duration": 5}
    assert await studio.run(await studio.start("segment_clips", params)) == "failed"
    progress = await studio.progress()
    assert progress.job_attempt == 1
    assert progress.job_error == {
        "code": "no_picture",
        "detail": "A segment ends at 1.400 seconds, but its source's picture begins at 1.500 seconds.",
    }
    assert studio.clips() == []
    params["segments"] = [studio.segment("late", 1, 2)]
    assert await studio.run(await studio.start("segment_clips", params)) == "completed"


async def test_a_segment_may_end_where_another_parser_sees_the_source_s_end(
    studio: Studio, tmp_path: Path
) -> None:
    studio.add(_numbered(tmp_path / "numbers.mp4"))
    params = {"segments": [studio.segment("numbers", 7, 8.01)], "target_duration": 5}
    assert await studio.run(await studio.start("segment_clips", params)) == "completed"


def _finished_clips() -> set[str]:
    work = Path(tempfile.gettempdir()).glob(f"editai-job-{os.getpid()}-*/clip-*.*")
    return {file.stem for file in work}


@pytest.mark.parametrize("kind", ["segment_clips", "raw_clips"])
async def test_the_local_files_of_a_recorded_clip_are_removed(
    studio: Studio, tmp_path: Path, kind: JobKind
) -> None:
    """The work directory may be in memory, and ten clips of ten minutes are gigabytes."""
    studio.add(_numbered(tmp_path / "numbers.mp4"))
    segments = [studio.segment("numbers", second, second + 2) for second in range(0, 8, 2)]
    of = {
        "segment_clips": {"segments": segments},
        "raw_clips": {"source_id": str(studio.sources["numbers"])},
    }
    params = {"target_duration": 3, "variant_count": 4, "seed": 5} | of[kind]
    attempt = asyncio.create_task(studio.run(await studio.start(kind, params)))

    seen = 0
    while not attempt.done():
        seen = max(seen, len(_finished_clips()))
        await asyncio.sleep(0.005)

    assert await attempt == "completed"
    assert len(studio.clips()) == 4
    assert seen == 1
