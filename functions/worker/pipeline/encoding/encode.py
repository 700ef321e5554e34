"""Joins cuts of one or several sources into one MP4 by a single ffmpeg run.

    source A  -ss 12.5 --> fps, trim, colours, size --\
    source A  -ss 31.0 --> fps, trim, colours, size ---> concat --> H.264 + AAC --> clip.mp4
    source B  -ss  2.0 --> fps, trim, colours, size --/

Every frame is decoded and encoded once. Each cut is an input of its own that seeks to the keyframe
before it, so the cost depends on the clip's length and not on the source's. Its sound is a second
input on the same clock (see pipeline.encoding.reading.seeking).

ffmpeg notes which picture each frame shows. Where a source's index led it astray, so that pictures are missing at a
cut's start, the run is repeated and reads from earlier. Where nothing is there to show, the encode fails (see
pipeline.encoding.reading.missing).
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from pipeline.encoding import filters
from pipeline.encoding.canvas import Canvas
from pipeline.encoding.reading.cut import Cut, frame_counts
from pipeline.encoding.reading.reader import run_until_right
from pipeline.encoding.reading.seeking import KEEP_TIME_STAMPS, picture_options, sound_options
from pipeline.encoding.reading.shown import NOTE_SHOWN, Reading
from pipeline.encoding.verify_output import verify_output
from pipeline.ffmpeg import process
from pipeline.ffmpeg.inputs import read_file
from pipeline.ffmpeg.limits import Limits
from pipeline.ffmpeg.process import OnProgress
from shared.media.probe import MediaFacts


async def encode_clip(
    cuts: Sequence[Cut],
    target: Path,
    *,
    canvas: Canvas,
    work_dir: Path,
    threads: int = 2,
    on_progress: OnProgress | None = None,
) -> MediaFacts:
    """Join `cuts` in the given order into the MP4 file `target` and return its facts.

    The clip has the size and constant frame rate of `canvas`, and shows the sources frame for frame.
    A source of another shape gets black bars. The clip's length is the sum of the cuts, rounded to a
    frame. A source without sound gives silence, and black is shown before a source's first
    picture. The file plays while it downloads. `target` is written whole or not at all; `on_progress`
    gets 0..1.

    Raises:
        FfmpegFailed: a source cannot be decoded, has no pictures for a part of a cut, or the output cannot be written.
        ValueError: no cuts, or one shorter than half a frame.

    """
    frames = frame_counts(cuts, canvas.frame_rate)
    partial = target.with_name(f".{target.name}.partial")
    clip = _Clip(target=partial, canvas=canvas, threads=threads)
    seconds = float(sum(frames) / canvas.frame_rate)
    # Each cut is opened twice, for its picture and for its sound.
    limits = Limits.of([cut.facts for cut in cuts for _ in range(2)], seconds)

    async def run(readings: Sequence[Reading]) -> None:
        await process.run(
            clip.arguments(readings),
            graph=clip.graph(readings),
            work_dir=work_dir,
            limits=limits,
            total_seconds=seconds,
            on_progress=on_progress,
        )

    rate = canvas.frame_rate
    readings = [Reading.first(*part, rate) for part in zip(cuts, frames, strict=True)]
    try:
        await run_until_right(run, readings, work_dir)
        facts = await verify_output(partial, sum(frames))
        os.replace(partial, target)  # noqa: PTH105
    finally:
        partial.unlink(missing_ok=True)
    return facts


@dataclass(frozen=True, kw_only=True)
class _Clip:
    """A clip to encode into the file `target`."""

    target: Path
    canvas: Canvas
    threads: int

    def arguments(self, readings: Sequence[Reading]) -> list[str]:
        """The arguments of ffmpeg, except the filter graph."""
        frames = sum(reading.frames for reading in readings)
        return [
            *KEEP_TIME_STAMPS,
            *self._inputs(readings),
            *("-filter_complex_threads", str(self.threads)),
            # Damaged sound becomes silence, however much of it is damaged. Missing pictures are found by what is shown.
            *("-max_error_rate", "1"),
            *("-frames:v", str(frames)),
            *NOTE_SHOWN,
            *_output(self.canvas, self.threads),
            f"file:{self.target.absolute()}",
        ]

    def _inputs(self, readings: Sequence[Reading]) -> list[str]:
        """The picture inputs of all cuts that show one, then the sound inputs of those that have sound in the clip."""
        arguments: list[str] = []
        # All decoders fill their queues from the start, so memory grows with cuts times threads.
        threads = max(1, self.threads // len(readings))
        for reading in readings:
            if reading.shows_pictures:
                cut = reading.cut
                options = picture_options(cut.facts, cut.start, reading.run_up)
                arguments += read_file(cut.path, cut.facts, threads=threads, options=options)
        for cut in (reading.cut for reading in readings):
            if cut.facts.audio:
                options = sound_options(cut.facts, cut.start)
                arguments += read_file(cut.path, cut.facts, threads=1, options=options)
        return arguments

    def graph(self, readings: Sequence[Reading]) -> str:
        """The filter graph from the inputs to `[v]` and `[a]`."""
        rate = self.canvas.frame_rate
        picture_inputs = count()
        sound_inputs = count(sum(reading.shows_pictures for reading in readings))
        chains: list[str] = []
        done = 0
        for index, reading in enumerate(readings):
            if reading.shows_pictures:
                chain = filters.video_chain(
                    reading.cut.facts.video,
                    self.canvas,
                    reading.frames,
                    offset=reading.cut.start,
                    black_frames=reading.black_frames,
                )
                chains.append(f"[{next(picture_inputs)}:V:0]{chain}[v{index}]")
            else:
                chains.append(f"{filters.black(self.canvas, reading.frames)}[v{index}]")
            before = filters.samples_until(done, rate)
            done += reading.frames
            samples = filters.samples_until(done, rate) - before
            if sound := reading.cut.facts.audio:
                chain = filters.audio_chain(samples, offset=reading.cut.start)
                chains.append(f"[{next(sound_inputs)}:a:{sound.number}]{chain}[a{index}]")
            else:
                chains.append(f"{filters.silence(samples)}[a{index}]")
        pads = "".join(f"[v{index}][a{index}]" for index in range(len(readings)))
        return ";".join((*chains, f"{pads}concat=n={len(readings)}:v=1:a=1[v][a]"))


def _output(canvas: Canvas, threads: int) -> list[str]:
    return [
        *("-map", "[v]", "-map", "[a]", "-map_metadata", "-1", "-map_chapters", "-1"),
        *("-c:v", "libx264", "-preset", "veryfast", "-crf", "20", "-profile:v", "high"),
        *("-pix_fmt", "yuv420p", "-r", str(canvas.frame_rate), "-threads", str(threads)),
        *("-color_primaries", "bt709", "-color_trc", "bt709", "-colorspace", "bt709"),
        *("-color_range", "tv"),
        *("-c:a", "aac", "-b:a", "160k", "-ar", str(filters.SAMPLE_RATE), "-ac", "2"),
        *("-movflags", "+faststart", "-f", "mp4", "-y"),
    ]
