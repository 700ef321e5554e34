"""The final render of a clip with an export preset.

    fetch -> probe -> normalize the sound -> encode the picture with it -> thumbnail -> store -> Outcome with the export

There are no checkpoints: each attempt starts from the beginning.
"""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from pipeline.encoding.render import Rendering, encode_picture, normalize_sound, write_subtitles
from pipeline.encoding.thumbnail import make_thumbnail
from pipeline.run.job_context import JobContext
from pipeline.run.phases import Phases
from shared.job_params.final_render import RenderParams
from shared.media.probe import MediaFacts, UnusableMedia, probe_async
from shared.running.outcome import Outcome
from shared.storage.repeating import repeated

# The cost per second of the clip, relative to encoding it.
NORMALIZING_COST = 0.15
ENCODING_COST = 1.0

THUMBNAIL_AT = 1 / 3


async def render_clip(context: JobContext, params: RenderParams) -> Outcome:
    """Render the job's clip. Raises UnusableMedia, FfmpegFailed, LeaseLost."""
    phases = Phases(context.reporter, normalizing=NORMALIZING_COST, encoding=ENCODING_COST)
    normalizing = phases.step("normalizing", "Balancing the sound")
    await normalizing(0.0)
    rendering = await _prepare(context, params)
    sound, video = context.directory / "sound.m4a", context.directory / "render.mp4"
    await normalize_sound(rendering, sound, on_progress=normalizing)
    encoding = phases.step("encoding", f"Rendering for {params.preset.label}")
    replaced = await write_subtitles(rendering)
    output = await encode_picture(rendering, sound, video, on_progress=encoding)
    thumbnail = context.directory / "render.jpg"
    thumbnail_at = output.duration_seconds * THUMBNAIL_AT
    await make_thumbnail(video, output, thumbnail_at, thumbnail, work_dir=context.directory)
    files = {"video": video, "thumbnail": thumbnail}
    return await store_export(context, params, output, **files, replaced_characters=replaced)


async def store_export(
    context: JobContext,
    params: RenderParams,
    output: MediaFacts,
    *,
    video: Path,
    thumbnail: Path,
    replaced_characters: Sequence[str] = (),
) -> Outcome:
    """Store a finished render. The write that ends the job adds its row."""
    export = _export(context, params, output)
    export["options"] = params.options.to_record(replaced_characters)
    await context.store(video, export["storage_path"], "video/mp4")
    await context.store(thumbnail, export["thumbnail_path"], "image/jpeg")
    return Outcome(result={"clip_id": str(params.clip_id)}, export=export)


async def _prepare(context: JobContext, params: RenderParams) -> Rendering:
    try:
        clip = await repeated(partial(context.storage.fetch, params.clip_path, context.directory))
    except FileNotFoundError:
        raise UnusableMedia("unreadable", "The clip's file no longer exists.") from None
    return Rendering(
        clip=clip,
        facts=await probe_async(clip),
        preset=params.preset,
        options=params.options,
        work_dir=context.directory,
    )


def _export(context: JobContext, params: RenderParams, output: MediaFacts) -> dict[str, Any]:
    """The row of the export, but for its options."""
    return {
        "clip_id": str(params.clip_id),
        "preset": params.preset.name,
        "storage_path": context.output_path("export.mp4"),
        "thumbnail_path": context.output_path("export.jpg"),
        "duration_seconds": output.duration_seconds,
        "size_bytes": output.size_bytes,
        "width": output.video.width,
        "height": output.video.height,
        "frame_rate": float(output.video.frame_rate),
    }
