"""Clips from chosen segments of one or several sources.

    select (no I/O, seeded) -> fetch and probe the sources that are used -> per variant: encode, thumbnail, record

All variants share one canvas, which follows from all that they play (see pipeline.encoding.join_canvas). A later
attempt makes the same selections from the same seed, and skips the clips that are already recorded.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from pipeline.encoding.canvas import Canvas
from pipeline.encoding.encode import encode_clip
from pipeline.encoding.join_canvas import Material, choose_canvas
from pipeline.encoding.reading.cut import Cut
from pipeline.encoding.reading.shown import LEAD_TOLERANCE_SECONDS
from pipeline.encoding.thumbnail import make_thumbnail
from pipeline.ffmpeg.failure import FfmpegFailed
from pipeline.ffmpeg.process import OnProgress
from pipeline.run.footage import Footage, choose_sound, fetch_footage, visible_segments
from pipeline.run.job_context import JobContext
from pipeline.run.phases import Phases
from shared.job_params.segments import RANGE_TOLERANCE_SECONDS, SegmentsParams, select
from shared.jobs.records import Clip, Segment
from shared.media.probe import UnusableMedia
from shared.running.outcome import Outcome

FETCHING_COST = 0.5
"""The cost of fetching and probing a source, relative to encoding one second of a clip."""

THUMBNAIL_AT = 1 / 3
"""The position of the thumbnail in a clip. The start may fade in from black."""


Heard = tuple[UUID, int | None]
"""A source and the number of the sound track that was chosen for some of its segments, None if none was."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The parts that all variants share."""

    footage: Mapping[Heard, Footage]
    canvas: Canvas


async def make_segment_clips(context: JobContext, params: SegmentsParams) -> Outcome:
    """Make the job's clips and return their ids as the result. Raises UnusableMedia, FfmpegFailed, LeaseLost."""
    selections = select(params)
    played = [segment for selection in selections for segment in selection]
    seconds = sum(segment.duration_seconds for segment in played)
    source_ids = list(dict.fromkeys(segment.source_id for segment in played))
    phases = Phases(context.reporter, fetching=FETCHING_COST * len(source_ids), encoding=seconds)
    fetched = await _fetch(context, source_ids, phases)
    _check_ranges(played, fetched)
    materials = [
        Material(facts=fetched[segment.source_id].facts, seconds=segment.duration_seconds)
        for segment in played
    ]
    plan = Plan(
        footage=await _choose_sounds(context, played, fetched, mute=params.mute),
        canvas=choose_canvas(materials, params),
    )
    clips: list[Clip] = []
    for index, selection in enumerate(selections):
        step = f"Making clip {index + 1} of {len(selections)}"
        on_progress = phases.step("encoding", step, index=index, count=len(selections))
        clip = context.recorded(index) or await _make_clip(
            context, index, plan, selection, on_progress
        )
        clips.append(clip)
    return Outcome(result={"clip_ids": [str(clip.id) for clip in clips]})


async def _fetch(
    context: JobContext, source_ids: Sequence[UUID], phases: Phases
) -> dict[UUID, Footage]:
    context.refuse_too_many_bytes(source_ids)
    footage = dict[UUID, Footage]()
    for index, source_id in enumerate(source_ids):
        step = f"Fetching video {index + 1} of {len(source_ids)}"
        on_progress = phases.step("fetching", step, index=index, count=len(source_ids))
        await on_progress(0.0)
        footage[source_id] = await fetch_footage(context, context.source(source_id))
        await on_progress(1.0)
    return footage


async def _choose_sounds(
    context: JobContext, played: Sequence[Segment], fetched: Mapping[UUID, Footage], *, mute: bool
) -> dict[Heard, Footage]:
    """The footage of each source with each sound track that its segments choose. If muted, no track is listened to."""
    footage = dict[Heard, Footage]()
    for heard in dict.fromkeys(map(_heard, played)):
        source_id, audio_track = heard
        source = fetched[source_id]
        footage[heard] = (
            source.with_sound_of(None)
            if mute
            else await choose_sound(source, audio_track, work_dir=context.directory)
        )
    return footage


def _heard(segment: Segment) -> Heard:
    return segment.source_id, segment.audio_track


def _check_ranges(played: Sequence[Segment], footage: Mapping[UUID, Footage]) -> None:
    """Check the segments against the probed files: the check at the start used the sources' stored durations."""
    for segment in played:
        facts = footage[segment.source_id].facts
        begin, end = facts.video.start_seconds, facts.duration_seconds
        if begin > LEAD_TOLERANCE_SECONDS and segment.end <= begin:
            raise FfmpegFailed(
                f"A segment ends at {segment.end:.3f} seconds, but its source's picture begins at"
                f" {begin:.3f} seconds.",
            )
        if segment.start >= end or segment.end > end + RANGE_TOLERANCE_SECONDS:
            raise UnusableMedia(
                "truncated",
                f"A segment ends at {segment.end:.3f} seconds, but its source's file ends at"
                f" {end:.3f} seconds.",
            )


async def _make_clip(
    context: JobContext,
    index: int,
    plan: Plan,
    selection: Sequence[Segment],
    on_progress: OnProgress,
) -> Clip:
    """Encode one variant, make its thumbnail, and record it as a checkpoint."""
    await on_progress(0.0)
    video, thumbnail = (
        context.directory / f"clip-{index}.mp4",
        context.directory / f"clip-{index}.jpg",
    )
    shown = visible_segments(selection, plan.canvas.frame_rate)
    output = await encode_clip(
        [_cut(plan.footage[_heard(segment)], segment) for segment in shown],
        video,
        canvas=plan.canvas,
        work_dir=context.directory,
        on_progress=on_progress,
    )
    thumbnail_at = output.duration_seconds * THUMBNAIL_AT
    await make_thumbnail(video, output, thumbnail_at, thumbnail, work_dir=context.directory)
    segments = [
        plan.footage[_heard(segment)].segment(segment.start, segment.end).model_dump(mode="json")
        for segment in shown
    ]
    return await context.record_clip(index, output, segments, video=video, thumbnail=thumbnail)


def _cut(footage: Footage, segment: Segment) -> Cut:
    return Cut(path=footage.path, facts=footage.facts, start=segment.start, end=segment.end)
