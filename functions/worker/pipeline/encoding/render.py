"""Renders one clip for publishing: first the sound, which is quick, then the single encode of the picture.

clip.mp4 --> loudness.normalize ------------------> sound.m4a (AAC) --+
clip.mp4 --> picture.graph (size, look, subtitles) --> H.264 ---------+--> render.mp4
                                         ^
captions --> write_subtitles ------------+
"""

import asyncio
import os
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from pipeline.encoding import filters, loudness, picture
from pipeline.encoding.canvas import Canvas
from pipeline.encoding.loudness import Sound
from pipeline.encoding.reading.cut import Cut
from pipeline.encoding.reading.reader import run_until_right
from pipeline.encoding.reading.shown import NOTE_SHOWN, Reading
from pipeline.encoding.subtitles import write_script
from pipeline.encoding.verify_output import verify_output
from pipeline.ffmpeg import process
from pipeline.ffmpeg.inputs import read_file
from pipeline.ffmpeg.limits import Limits
from pipeline.ffmpeg.process import OnProgress
from shared.job_params.final_render import RenderOptions
from shared.jobs.records import ExportPreset
from shared.media.probe import MediaFacts

KEYFRAME_SECONDS = 2
BUFFER_SECONDS = 2
"""How long the bitrate may exceed its maximum (the rate-control buffer); platforms measure it per second."""


@dataclass(frozen=True, kw_only=True)
class Rendering:
    """A clip and how to render it; `work_dir` is private to the job."""

    clip: Path
    facts: MediaFacts
    preset: ExportPreset
    options: RenderOptions
    work_dir: Path

    @property
    def canvas(self) -> Canvas:
        """The preset's frame size and rate."""
        preset = self.preset
        rate = Fraction(preset.frame_rate)
        return Canvas(width=preset.width, height=preset.height, frame_rate=rate)

    @property
    def frames(self) -> int:
        """The clip's length in frames of the preset."""
        video = self.facts.video
        seconds = video.frame_count / video.frame_rate
        return max(1, round(seconds * self.canvas.frame_rate))


async def normalize_sound(rendering: Rendering, target: Path, *, on_progress: OnProgress) -> None:
    """Write the clip's normalized sound, as long as its picture, to the M4A `target`. Raises FfmpegFailed."""
    canvas = rendering.canvas
    sound = Sound(
        source=rendering.clip,
        facts=rendering.facts,
        samples=filters.samples_until(rendering.frames, canvas.frame_rate),
        bitrate_kbps=rendering.preset.audio_bitrate_kbps,
        target=target,
        work_dir=rendering.work_dir,
    )
    await loudness.normalize(sound, on_progress=on_progress)


async def write_subtitles(rendering: Rendering) -> list[str]:
    """Write what the picture's encode needs to draw the subtitles, if there are any.

    Returns the characters that no font has.
    """
    subtitles, preset = rendering.options.subtitles, rendering.preset
    if subtitles is None:
        return []
    size = {"width": preset.width, "height": preset.height}
    # In a thread: ten thousand cues take longer than the lease should wait.
    return await asyncio.to_thread(
        lambda: write_script(subtitles.cues, subtitles.style, rendering.work_dir, **size)
    )


async def encode_picture(
    rendering: Rendering, sound: Path, target: Path, *, threads: int = 2, on_progress: OnProgress
) -> MediaFacts:
    """Encode the picture, mux it with the finished sound into the MP4 `target`, and return its facts.

    Subtitles have to be written before. The file plays while it downloads. `target` is written whole or not at all.

    Raises:
        FfmpegFailed: the clip or a part of it cannot be decoded, or the output cannot be written.

    """
    canvas, frames, facts = rendering.canvas, rendering.frames, rendering.facts
    partial = target.with_name(f".{target.name}.partial")
    arguments = [
        *read_file(rendering.clip, facts, threads=threads),
        *read_file(sound, facts, threads=1),
        *("-filter_complex_threads", str(threads)),
        *("-frames:v", str(frames)),
        *NOTE_SHOWN,
        *_output(rendering.preset, threads),
        f"file:{partial.absolute()}",
    ]
    seconds = float(frames / canvas.frame_rate)

    async def run(_: Sequence[Reading]) -> None:
        await process.run(
            arguments,
            graph=picture.graph(facts.video, canvas, frames, rendering.options),
            work_dir=rendering.work_dir,
            limits=Limits.of([facts, facts], seconds),
            total_seconds=seconds,
            on_progress=on_progress,
        )

    whole = Cut(path=rendering.clip, facts=facts, start=0.0, end=seconds)
    try:
        readings = [Reading.first(whole, frames, canvas.frame_rate)]
        await run_until_right(run, readings, rendering.work_dir)
        output = await verify_output(partial, frames)
        os.replace(partial, target)  # noqa: PTH105
    finally:
        partial.unlink(missing_ok=True)
    return output


def _output(preset: ExportPreset, threads: int) -> list[str]:
    max_kbps = preset.max_video_bitrate_kbps
    return [
        *("-map", "[v]", "-map", "1:a:0", "-map_metadata", "-1", "-map_chapters", "-1"),
        *("-c:v", "libx264", "-preset", "veryfast", "-crf", str(preset.crf), "-profile:v", "high"),
        *("-maxrate", f"{max_kbps}k", "-bufsize", f"{max_kbps * BUFFER_SECONDS}k"),
        *("-g", str(preset.frame_rate * KEYFRAME_SECONDS), "-threads", str(threads)),
        *("-pix_fmt", "yuv420p", "-r", str(preset.frame_rate), "-color_primaries", "bt709"),
        *("-color_trc", "bt709", "-colorspace", "bt709", "-color_range", "tv"),
        *("-c:a", "copy", "-movflags", "+faststart", "-f", "mp4", "-y"),
    ]
