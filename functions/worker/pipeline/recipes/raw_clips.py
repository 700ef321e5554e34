"""Raw clips: the best moments of one source, a different set of them for each variant.

    fetch -> probe -> analyse (one cheap pass) -> choose (no I/O, seeded) -> per variant: encode, thumbnail, record

An attempt that goes on after another one chooses again, and chooses the same; it skips what is recorded.
"""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from pipeline.encoding.canvas import Canvas
from pipeline.encoding.encode import Cut, encode_clip
from pipeline.encoding.thumbnail import make_thumbnail
from pipeline.ffmpeg.process import OnProgress
from pipeline.run.outcome import Outcome
from pipeline.run.phases import Phases
from pipeline.run.work import Work
from pipeline.selection.analysis import Analysis
from pipeline.selection.moments import Selection, choose
from pipeline.selection.scenes import analyse
from pipeline.selection.thumbnail_time import thumbnail_time
from shared.jobs.records import Clip
from shared.media.probe import MediaFacts, probe_async

# What a second of video costs, relative to encoding it; measured on 720p and 1080p sources.
ANALYSING_COST = 0.15
ENCODING_COST = 1.0


class RawClipsParams(BaseModel):
    """What the library asked for; `target_duration` in seconds."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    source_id: UUID
    variant_count: int
    target_duration: float
    seed: int


@dataclass(frozen=True, kw_only=True)
class Footage:
    """The source as this attempt has it."""

    source_id: UUID
    path: Path
    facts: MediaFacts
    analysis: Analysis


async def make_raw_clips(work: Work) -> Outcome:
    """Make the job's clips and return their ids as the result. Raises UnusableMedia, FfmpegFailed, LeaseLost."""
    params = RawClipsParams.model_validate(work.job.params)
    source = work.source(params.source_id)
    seconds = source.duration_seconds or params.target_duration
    phases = Phases(
        work.reporter,
        analysing=ANALYSING_COST * seconds,
        encoding=ENCODING_COST * min(params.target_duration, seconds) * params.variant_count,
    )
    on_progress = phases.step("analysing", "Finding the best moments")
    await on_progress(0.0)
    path = await work.fetch(source)
    facts = await probe_async(path)
    analysis = await analyse(path, facts, work.directory, on_progress=on_progress)
    footage = Footage(source_id=source.id, path=path, facts=facts, analysis=analysis)
    # In a thread: hours of scenes take seconds, in which the lease is to be renewed.
    selections = await asyncio.to_thread(
        choose, analysis, params.variant_count, params.target_duration, params.seed
    )
    clips: list[Clip] = []
    for index, selection in enumerate(selections):
        step = f"Making clip {index + 1} of {len(selections)}"
        on_progress = phases.step("encoding", step, index=index, count=len(selections))
        clip = work.recorded(index) or await _make(work, index, footage, selection, on_progress)
        clips.append(clip)
    return Outcome(result={"clip_ids": [str(clip.id) for clip in clips]})


async def _make(
    work: Work, index: int, footage: Footage, selection: Selection, on_progress: OnProgress
) -> Clip:
    """Encode one variant, picture it, and record it as a checkpoint."""
    await on_progress(0.0)
    path, facts = footage.path, footage.facts
    video, thumbnail = work.directory / f"clip-{index}.mp4", work.directory / f"clip-{index}.jpg"
    made = await encode_clip(
        [Cut(path=path, facts=facts, start=part.start, end=part.end) for part in selection],
        video,
        canvas=Canvas.of(facts),
        work_dir=work.directory,
        on_progress=on_progress,
    )
    at = thumbnail_time(footage.analysis, selection)
    await make_thumbnail(path, facts, at, thumbnail, work_dir=work.directory)
    segments = [
        {"source_id": str(footage.source_id), "start": part.start, "end": part.end}
        for part in selection
    ]
    return await work.record_clip(index, made, segments, video=video, thumbnail=thumbnail)
