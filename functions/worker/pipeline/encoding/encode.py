"""Joins cuts of one or several sources into one MP4 by a single ffmpeg run.

    source A  -ss 12.5 --> fps, trim, colours, size --\
    source A  -ss 31.0 --> fps, trim, colours, size ---> concat --> H.264 + AAC --> clip.mp4
    source B  -ss  2.0 --> fps, trim, colours, size --/

Every frame is decoded and encoded once. Each cut is an input of its own that seeks to the keyframe
before it, so the cost depends on the clip's length and not on the source's. Its sound is a second
input (see pipeline.encoding.seeking).
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

from pipeline.encoding import filters
from pipeline.encoding.canvas import Canvas
from pipeline.encoding.seeking import seek_picture, seek_sound
from pipeline.encoding.verify_output import verify_output
from pipeline.ffmpeg import process
from pipeline.ffmpeg.inputs import read_file
from pipeline.ffmpeg.limits import Limits
from pipeline.ffmpeg.process import OnProgress
from shared.media.probe import MediaFacts


@dataclass(frozen=True, kw_only=True, slots=True)
class Cut:
    """A part of a source: the file, its facts, and `start` and `end` in seconds of its clock.

    It may lie after the end that the file states: only decoding shows where the content really ends.
    """

    path: Path
    facts: MediaFacts
    start: float
    end: float

    def __post_init__(self) -> None:
        if not 0 <= self.start < self.end:
            raise ValueError(f"a cut runs forward from 0, not {self.start} to {self.end}")


async def encode_clip(
    cuts: Sequence[Cut],
    target: Path,
    *,
    canvas: Canvas,
    work_dir: Path,
    mute: bool = False,
    threads: int = 2,
    on_progress: OnProgress | None = None,
) -> MediaFacts:
    """Join `cuts` in the given order into the MP4 file `target` and return its facts.

    The clip has the size and constant frame rate of `canvas`, and shows the sources frame for frame.
    A source of another shape gets black bars. The clip's length is the sum of the cuts, rounded to a
    frame. A source without sound, or `mute`, gives silence. The file plays while it downloads.
    `target` is written whole or not at all; `on_progress` gets 0..1.

    Raises:
        FfmpegFailed: a source cannot be decoded, or the output cannot be written.
        ValueError: no cuts, or one shorter than half a frame.

    """
    frames = frame_counts(cuts, canvas.frame_rate)
    partial = target.with_name(f".{target.name}.partial")
    arguments = [
        *_inputs(cuts, threads, mute=mute),
        *("-filter_complex_threads", str(threads)),
        # Damaged sound becomes silence, however much it is. Missing pictures are counted afterwards.
        *("-max_error_rate", "1"),
        *("-frames:v", str(sum(frames))),
        *_output(canvas, threads),
        f"file:{partial.absolute()}",
    ]
    seconds = float(sum(frames) / canvas.frame_rate)
    # Each cut is opened twice, for its picture and for its sound.
    limits = Limits.of([cut.facts for cut in cuts for _ in range(2)], seconds)
    try:
        await process.run(
            arguments,
            graph=_graph(cuts, frames, canvas, mute=mute),
            work_dir=work_dir,
            limits=limits,
            total_seconds=seconds,
            on_progress=on_progress,
        )
        facts = await verify_output(partial, sum(frames))
        os.replace(partial, target)  # noqa: PTH105
    finally:
        partial.unlink(missing_ok=True)
    return facts


def frame_counts(cuts: Sequence[Cut], rate: Fraction) -> tuple[int, ...]:
    """The number of frames of each cut, rounded so that the errors never add up over many cuts."""
    if not cuts:
        raise ValueError("a clip needs at least one cut")
    ends = [Fraction(0)]
    for cut in cuts:
        ends.append(ends[-1] + Fraction(cut.end) - Fraction(cut.start))
    end_frames = [round(end * rate) for end in ends]
    counts = tuple(after - before for before, after in pairwise(end_frames))
    if min(counts) < 1:
        raise ValueError(f"cut {counts.index(min(counts))} is shorter than a frame")
    return counts


def _inputs(cuts: Sequence[Cut], threads: int, *, mute: bool) -> list[str]:
    """The picture inputs of all cuts, then the sound inputs of those that have sound in the clip."""
    arguments: list[str] = []
    # All decoders fill their queues from the start, so memory grows with cuts times threads.
    threads_per_cut = max(1, threads // len(cuts))
    for cut in cuts:
        options = seek_picture(cut.facts, cut.start).options
        arguments += read_file(cut.path, cut.facts, threads=threads_per_cut, options=options)
    for cut in cuts:
        if _has_sound(cut, mute=mute):
            options = seek_sound(cut.facts, cut.start).options
            arguments += read_file(cut.path, cut.facts, threads=1, options=options)
    return arguments


def _has_sound(cut: Cut, *, mute: bool) -> bool:
    return cut.facts.audio is not None and not mute


def _graph(cuts: Sequence[Cut], frames: Sequence[int], canvas: Canvas, *, mute: bool) -> str:
    chains: list[str] = []
    done, sound_input = 0, len(cuts)
    for index, (cut, count) in enumerate(zip(cuts, frames, strict=True)):
        offset = seek_picture(cut.facts, cut.start).offset
        video = filters.video_chain(cut.facts.video, canvas, count, offset=offset)
        chains.append(f"[{index}:V:0]{video}[v{index}]")
        before = filters.samples_until(done, canvas.frame_rate)
        done += count
        samples = filters.samples_until(done, canvas.frame_rate) - before
        if cut.facts.audio is not None and not mute:
            offset = seek_sound(cut.facts, cut.start).offset
            chains.append(
                f"[{sound_input}:a:{cut.facts.audio.number}]"
                f"{filters.audio_chain(samples, offset=offset)}[a{index}]"
            )
            sound_input += 1
        else:
            chains.append(f"{filters.silence(samples)}[a{index}]")
    pads = "".join(f"[v{index}][a{index}]" for index in range(len(cuts)))
    return ";".join((*chains, f"{pads}concat=n={len(cuts)}:v=1:a=1[v][a]"))


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
