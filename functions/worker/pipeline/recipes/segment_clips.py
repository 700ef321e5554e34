"""Clips from chosen segments of one or several sources.

    select (no I/O, seeded) -> fetch and probe the sources that are used -> per variant: encode, thumbnail, record

All variants share one canvas, that of the source that supplies most of their time. So only the less used sources get
bars where their shape differs. A later attempt makes the same selections from the same seed, and skips the clips that
are already recorded.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from uuid import UUID

from pipeline.encoding.canvas import Canvas
from pipeline.encoding.encode import encode_clip
from pipeline.encoding.reading.cut import Cut
from pipeline.encoding.thumbnail import make_thumbnail
from pipeline.ffmpeg.process import OnProgress
from pipeline.run.footage import Footage, fetch_footage
from pipeline.run.job_context import JobContext
from pipeline.run.outcome import Outcome
from pipeline.run.phases import Phases
from shared.job_params.segments import RANGE_TOLERANCE_SECONDS, SegmentsParams, select
from shared.jobs.records import Clip, Segment
from shared.media.probe import UnusableMedia

FETCHING_COST = 0.5
"""The cost of fetching and probing a source, relative to encoding one second of a clip."""

THUMBNAIL_AT = 1 / 3
"""The position of the thumbnail in a clip. The start may fade in from black."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The parts that all variants share."""

    footage: Mapping[UUID, Footage]
    canvas: Canvas
    mute: bool


async def make_segment_clips(context: JobContext) -> Outcome:
    """Make the job's clips and return their ids as the result. Raises UnusableMedia, FfmpegFailed, LeaseLost."""
    params = SegmentsParams.model_validate(context.job.params)
    selections = select(params)
    played = [segment for selection in selections for segment in selection]
    seconds = sum(segment.duration_seconds for segment in played)
    source_ids = sources_by_time(played)
    phases = Phases(context.reporter, fetching=FETCHING_COST * len(source_ids), encoding=seconds)
    footage = await _fetch(context, source_ids, phases)
    _check_ranges(played, footage)
    canvas = Canvas.of(footage[source_ids[0]].facts)
    plan = Plan(footage=footage, canvas=canvas, mute=params.mute)
    clips: list[Clip] = []
    for index, selection in enumerate(selections):
        step = f"Making clip {index + 1} of {len(selections)}"
        on_progress = phases.step("encoding", step, index=index, count=len(selections))
        clip = context.recorded(index) or await _make_clip(
            context, index, plan, selection, on_progress
        )
        clips.append(clip)
    return Outcome(result={"clip_ids": [str(clip.id) for clip in clips]})


def sources_by_time(segments: Sequence[Segment]) -> list[UUID]:
    """The sources of the segments, by the time each supplies, longest first; equal ones in the order of their use."""
    seconds = dict[UUID, float]()
    for segment in segments:
        seconds[segment.source_id] = seconds.get(segment.source_id, 0.0) + segment.duration_seconds
    return sorted(seconds, key=lambda source_id: -seconds[source_id])


def visible_segments(selection: Sequence[Segment], rate: Fraction) -> list[Segment]:
    """The segments that get at least one frame at `rate`. A shorter one, such as a remainder, is left out."""
    seen, end = list[Segment](), Fraction(0)
    for segment in selection:
        after = end + Fraction(segment.end) - Fraction(segment.start)
        if round(after * rate) > round(end * rate):
            seen.append(segment)
            end = after
    return seen


async def _fetch(
    context: JobContext, source_ids: Sequence[UUID], phases: Phases
) -> dict[UUID, Footage]:
    footage = dict[UUID, Footage]()
    for index, source_id in enumerate(source_ids):
        step = f"Fetching video {index + 1} of {len(source_ids)}"
        on_progress = phases.step("fetching", step, index=index, count=len(source_ids))
        await on_progress(0.0)
        footage[source_id] = await fetch_footage(context, context.source(source_id))
        await on_progress(1.0)
    return footage


def _check_ranges(played: Sequence[Segment], footage: Mapping[UUID, Footage]) -> None:
    """Check the segments against the probed files: the check at the start used the sources' stored durations."""
    for segment in played:
        end = footage[segment.source_id].facts.duration_seconds
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
        [_cut(plan.footage[segment.source_id], segment) for segment in shown],
        video,
        canvas=plan.canvas,
        work_dir=context.directory,
        mute=plan.mute,
        on_progress=on_progress,
    )
    thumbnail_at = output.duration_seconds * THUMBNAIL_AT
    await make_thumbnail(video, output, thumbnail_at, thumbnail, work_dir=context.directory)
    segments = [segment.model_dump(mode="json") for segment in shown]
    return await context.record_clip(index, output, segments, video=video, thumbnail=thumbnail)


def _cut(footage: Footage, segment: Segment) -> Cut:
    return Cut(path=footage.path, facts=footage.facts, start=segment.start, end=segment.end)
