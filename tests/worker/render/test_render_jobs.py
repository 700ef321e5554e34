"""A render job adds an export of its clip; another preset adds another export."""

from pathlib import Path

from shared.job_params.final_render import RenderOptions, RenderParams
from shared.jobs.records import Clip
from shared.media.probe import probe
from tests.support.media import footage
from tests.worker.render.conftest import Studio
from tests.worker.render.rendering import Picture

SRT = "1\n00:00:00,000 --> 00:00:01,000\nHello\n"


async def _clip(studio: Studio, directory: Path) -> Clip:
    """A clip of the project, made by a job."""
    source = directory / "source.mp4"
    footage.make(*footage.pattern(1), *footage.tone(1), "-c:a", "aac", str(source))
    studio.add(source)
    params = {"segments": [studio.segment("source", 0, 1)], "target_duration": 0.5}
    assert await studio.run(await studio.start("segment_clips", params)) == "completed"
    return studio.clips()[-1]


async def _render(studio: Studio, clip: Clip, preset: str, **options: object) -> str:
    asked = RenderOptions.model_validate(options)
    params = RenderParams.of(clip, studio.preset(preset), asked)
    return await studio.run(await studio.start("final_render", params.model_dump(mode="json")))


async def test_a_render_is_recorded_as_an_export_of_its_clip(
    studio: Studio, tmp_path: Path
) -> None:
    clip = await _clip(studio, tmp_path)
    subtitles = {"srt": SRT, "style": {"position": "top"}}

    ended = await _render(studio, clip, "instagram_reels", fit="pad", subtitles=subtitles)

    assert ended == "completed"
    [export] = studio.exports()
    assert (export.clip_id, export.preset) == (clip.id, "instagram_reels")
    video = studio.stored(export.storage_path)
    facts = probe(video)
    assert (facts.video.width, facts.video.height) == (export.width, export.height) == (1080, 1920)
    assert (facts.duration_seconds, facts.size_bytes) == (
        export.duration_seconds,
        export.size_bytes,
    )
    assert studio.stored(export.thumbnail_path).read_bytes().startswith(b"\xff\xd8")
    assert export.options["fit"] == "pad"
    assert "srt" not in export.options["subtitles"]
    left, top, _, bottom = Picture.of(video, (270, 480)).box(200) or (0, 0, 0, 0)
    assert left >= 270 * 0.1
    assert top < bottom
    progress = await studio.progress()
    assert (progress.status, progress.percentage) == ("ready_for_triage", 100)
    assert studio.clips() == [clip], "the clip itself stays as it is"


async def test_an_export_lists_the_characters_that_were_replaced(
    studio: Studio, tmp_path: Path
) -> None:
    clip = await _clip(studio, tmp_path)
    vtt = "WEBVTT\n\n00:00.000 --> 00:01.000\nHello \ua997 \u05e9\u05dc\u05d5\u05dd\n"
    assert await _render(studio, clip, "instagram_square", subtitles={"vtt": vtt}) == "completed"
    [export] = studio.exports()
    assert export.options["subtitles"]["replaced_characters"] == ["\ua997"]
    assert "vtt" not in export.options["subtitles"]


async def test_rendering_again_with_another_preset_adds_an_export(
    studio: Studio, tmp_path: Path
) -> None:
    clip = await _clip(studio, tmp_path)
    for preset in ("instagram_square", "youtube"):
        assert await _render(studio, clip, preset) == "completed"
    exports = studio.exports()
    assert [export.preset for export in exports] == ["instagram_square", "youtube"]
    assert len({export.storage_path for export in exports}) == 2
    assert all(studio.stored(export.storage_path).is_file() for export in exports)


async def test_a_clip_without_its_file_fails_the_render_with_a_reason(
    studio: Studio, tmp_path: Path
) -> None:
    clip = await _clip(studio, tmp_path)
    studio.stored(clip.storage_path).unlink()
    assert await _render(studio, clip, "youtube") == "failed"
    progress = await studio.progress()
    assert (progress.job_error or {})["detail"] == "The clip's file no longer exists."
    assert studio.exports() == []
