"""Raw clips: the best moments of one source, a different selection for each variant.

    fetch -> probe -> analyse (one cheap pass) -> choose (no I/O, seeded) -> per variant: encode, thumbnail, record

A later attempt makes the same selections from the same seed, and skips the clips that are already recorded.
"""

import asyncio

from pipeline.encoding.canvas import Canvas
from pipeline.encoding.encode import encode_clip
from pipeline.encoding.join_canvas import Material, choose_canvas
from pipeline.encoding.reading.cut import Cut
from pipeline.encoding.thumbnail import make_thumbnail
from pipeline.ffmpeg.process import OnProgress
from pipeline.run.footage import Footage, choose_sound, fetch_footage, visible_segments
from pipeline.run.job_context import JobContext
from pipeline.run.phases import Phases
from pipeline.selection.moments import Selection, choose
from pipeline.selection.scenes import analyse
from pipeline.selection.thumbnail_time import thumbnail_time
from shared.job_params.raw_clips import RawClipsParams
from shared.jobs.records import Clip
from shared.running.outcome import Outcome

# The cost per second of video, relative to encoding it; measured on 720p and 1080p sources.
ANALYSING_COST = 0.15
ENCODING_COST = 1.0


async def make_raw_clips(context: JobContext, params: RawClipsParams) -> Outcome:
    """Make the job's clips and return their ids as the result. Raises UnusableMedia, FfmpegFailed, LeaseLost."""
    source = context.source(params.source_id)
    context.refuse_too_many_bytes([source.id])
    seconds = source.duration_seconds or params.target_duration
    phases = Phases(
        context.reporter,
        analysing=ANALYSING_COST * seconds,
        encoding=ENCODING_COST * min(params.target_duration, seconds) * params.variant_count,
    )
    on_progress = phases.step("analysing", "Finding the best moments")
    await on_progress(0.0)
    fetched = await fetch_footage(context, source)
    footage = await choose_sound(fetched, params.audio_track, work_dir=context.directory)
    canvas = choose_canvas([Material(facts=footage.facts, seconds=seconds)], params)
    analysis = await analyse(
        footage.path, footage.facts, context.directory, on_progress=on_progress
    )
    # In a thread: selecting from hours of scenes takes seconds, and the lease must be renewed meanwhile.
    selections = await asyncio.to_thread(
        choose, analysis, params.variant_count, params.target_duration, params.seed
    )
    clips: list[Clip] = []
    for index, selection in enumerate(selections):
        step = f"Making clip {index + 1} of {len(selections)}"
        on_progress = phases.step("encoding", step, index=index, count=len(selections))
        clip = context.recorded(index)
        if clip is None:
            thumbnail_at = thumbnail_time(analysis, selection)
            clip = await _make_clip(
                context,
                index,
                footage,
                canvas,
                selection,
                thumbnail_at=thumbnail_at,
                on_progress=on_progress,
            )
        clips.append(clip)
    return Outcome(result={"clip_ids": [str(clip.id) for clip in clips]})


async def _make_clip(
    context: JobContext,
    index: int,
    footage: Footage,
    canvas: Canvas,
    selection: Selection,
    *,
    thumbnail_at: float,
    on_progress: OnProgress,
) -> Clip:
    """Encode one variant, make its thumbnail, and record it as a checkpoint."""
    await on_progress(0.0)
    path, facts = footage.path, footage.facts
    video, thumbnail = (
        context.directory / f"clip-{index}.mp4",
        context.directory / f"clip-{index}.jpg",
    )
    shown = visible_segments(
        [footage.segment(part.start, part.end) for part in selection], canvas.frame_rate
    )
    output = await encode_clip(
        [Cut(path=path, facts=facts, start=part.start, end=part.end) for part in shown],
        video,
        canvas=canvas,
        work_dir=context.directory,
        on_progress=on_progress,
    )
    await make_thumbnail(path, facts, thumbnail_at, thumbnail, work_dir=context.directory)
    segments = [segment.model_dump(mode="json") for segment in shown]
    return await context.record_clip(index, output, segments, video=video, thumbnail=thumbnail)
