"""The worker function with job handlers that encode nothing: hundreds of jobs a minute on two cores.

Everything but the job handlers is the real worker: delivery, claim, lease keeper, reporter, storage, checkpoints, end.
"""

import os
import random
import shutil
from pathlib import Path

import functions_framework.aio
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from pipeline.recipes.final_render import store_export
from pipeline.run.job_context import JobContext
from shared.job_params.final_render import RenderParams
from shared.media.facts import MediaFacts, VideoFacts
from shared.running.delivery import deliver
from shared.running.outcome import Outcome
from shared.running.recipes import Recipes
from shared.serving.functions_framework import serve_functions
from shared.serving.internal_auth import internal_only
from tests.faults.evidence.history import History
from tests.faults.pacing import pause

FACTS = MediaFacts.model_construct(
    duration_seconds=2.0,
    size_bytes=1000,
    video=VideoFacts.model_construct(width=160, height=90, frame_rate=25),
)

VIDEO = Path(os.environ["RUN_VIDEO"])
"""The content of every clip and render, since the worker with ffmpeg may have to render one."""


class Variants(BaseModel):
    """The params of a job that makes clips, as far as it matters here."""

    variant_count: int


serve_functions()
_history = History(Path(os.environ["HISTORY_FILE"]))
_random = random.Random(os.environ["RUN_SEED"])  # noqa: S311 - a length, not a secret


@functions_framework.aio.http
@internal_only
async def worker(request: Request) -> Response:
    """Receive a delivery, as the real worker does."""
    await _history.record_calls()
    return await deliver(request, recipes)


async def make_clips(context: JobContext, params: Variants) -> Outcome:
    """Take from milliseconds to seconds for each clip, and record it as a checkpoint."""
    count = params.variant_count
    clip_ids: list[str] = []
    for index in range(count):
        clip = context.recorded(index)
        if clip is None:
            await _encode(context, index, count)
            clip = await context.record_clip(index, FACTS, [], **_files(context.directory))
        clip_ids.append(str(clip.id))
    return Outcome(result={"clip_ids": clip_ids})


async def render(context: JobContext, params: RenderParams) -> Outcome:
    """Take from milliseconds to seconds, without a checkpoint."""
    await _encode(context, 0, 1)
    files = _files(context.directory)
    video, thumbnail = files["video"], files["thumbnail"]
    return await store_export(context, params, FACTS, video=video, thumbnail=thumbnail)


def _files(directory: Path) -> dict[str, Path]:
    video, thumbnail = directory / "made.mp4", directory / "made.jpg"
    shutil.copyfile(VIDEO, video)
    thumbnail.write_bytes(b"t" * 100)
    return {"video": video, "thumbnail": thumbnail}


async def _encode(context: JobContext, index: int, count: int) -> None:
    steps = _random.randint(1, 6)
    for step in range(steps):
        context.reporter.report(
            (index + step / steps) / count, f"Making clip {index + 1} of {count}"
        )
        await pause(min(1.5, _random.expovariate(1 / 0.15)))


recipes = Recipes(JobContext)
recipes.add("raw_clips", Variants, make_clips)
recipes.add("segment_clips", Variants, make_clips)
recipes.add("final_render", RenderParams, render)
