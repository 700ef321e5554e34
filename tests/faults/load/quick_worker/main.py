"""The worker function with job handlers that encode nothing: hundreds of jobs a minute on two cores.

Everything but the job handlers is the real worker: delivery, claim, lease keeper, reporter, storage, checkpoints, end.
"""

import os
import random
import shutil
from pathlib import Path

import functions_framework.aio
from starlette.requests import Request
from starlette.responses import Response

from pipeline.delivery import attempt
from pipeline.delivery.delivery import deliver
from pipeline.recipes.final_render import store_export
from pipeline.run.job_context import JobContext
from pipeline.run.outcome import Outcome
from shared.job_params.final_render import RenderParams
from shared.media.facts import MediaFacts, VideoFacts
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

serve_functions()
_history = History(Path(os.environ["HISTORY_FILE"]))
_random = random.Random(os.environ["RUN_SEED"])  # noqa: S311 - a length, not a secret


@functions_framework.aio.http
@internal_only
async def worker(request: Request) -> Response:
    """Receive a delivery, as the real worker does."""
    await _history.record_calls()
    return await deliver(request)


async def make_clips(context: JobContext) -> Outcome:
    """Take from milliseconds to seconds for each clip, and record it as a checkpoint."""
    count = int(context.job.params["variant_count"])
    clip_ids: list[str] = []
    for index in range(count):
        clip = context.recorded(index)
        if clip is None:
            await _encode(context, index, count)
            clip = await context.record_clip(index, FACTS, [], **_files(context.directory))
        clip_ids.append(str(clip.id))
    return Outcome(result={"clip_ids": clip_ids})


async def render(context: JobContext) -> Outcome:
    """Take from milliseconds to seconds, without a checkpoint."""
    params = RenderParams.model_validate(context.job.params)
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


for kind in attempt.JOB_HANDLERS:
    attempt.JOB_HANDLERS[kind] = render if kind == "final_render" else make_clips
