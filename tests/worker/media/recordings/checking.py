"""Cuts a clip from a recording as the worker does, and compares it with the recording decoded from end to end."""

from dataclasses import dataclass
from pathlib import Path

from pipeline.encoding.canvas import Canvas
from pipeline.encoding.encode import Cut, encode_clip
from shared.media.probe import MediaFacts, probe
from tests.worker.media.recordings.reading import Content, read

ROUNDING = 0.001
"""WebM and Matroska have time stamps of whole milliseconds."""


@dataclass(frozen=True, kw_only=True)
class Clip:
    """A clip of a recording: what was recorded, what the clip shows, and its first moment on the recording's clock."""

    source: Content
    content: Content
    start: float
    frame_seconds: float


async def cut(path: Path, folder: Path, *, start: float = 0.3, before_end: float = 0.1) -> Clip:
    """A clip from `start` to shortly before the end of the picture."""
    facts = probe(path)
    canvas = Canvas.of(facts)
    target = folder / "clip.mp4"
    part = Cut(path=path, facts=facts, start=start, end=facts.duration_seconds - before_end)
    await encode_clip([part], target, canvas=canvas, work_dir=folder)
    return Clip(
        source=read(path),
        content=read(target),
        start=start,
        frame_seconds=float(1 / canvas.frame_rate),
    )


def assert_ends_with_the_last_picture(facts: MediaFacts, source: Content) -> None:
    """The duration is the end of the last picture; how long a last picture is shown, a recording need not say."""
    last = source.pictures[-1].time
    assert last < facts.duration_seconds <= last + 0.1, (last, facts.duration_seconds)


def assert_shows_the_right_pictures(clip: Clip, until: float = float("inf")) -> None:
    """Each frame is the recording's picture of its time, within a frame; what was shown for a frame is there."""
    frame = clip.frame_seconds
    pictures = [shown for shown in clip.content.pictures if clip.start + shown.time < until]
    for shown in pictures:
        time = clip.start + shown.time
        right = {clip.source.number_at(time + offset) for offset in (-frame, 0, frame)}
        right |= {p.number for p in clip.source.pictures if abs(p.time - time) <= frame}
        assert shown.number in right, (time, shown.number, right)
    end = clip.start + pictures[-1].time
    numbers = {shown.number for shown in pictures}
    for now, after in zip(clip.source.pictures, clip.source.pictures[1:], strict=False):
        if clip.start + frame < now.time < end - frame and after.time - now.time > frame:
            assert now.number in numbers, (now.time, now.number)


def assert_in_sync(clip: Clip) -> None:
    """Beep minus flash is that of the recording, within a frame, at each flash that both show from its beginning."""
    source = clip.source.offsets()
    offsets = {time + clip.start: offset for time, offset in clip.content.offsets().items()}
    compared = [
        (source[time], offset)
        for time in source
        for found, offset in offsets.items()
        if abs(found - time) < 2 * clip.frame_seconds
    ]
    assert compared, (source, offsets)
    for right, offset in compared:
        assert abs(offset - right) <= clip.frame_seconds + ROUNDING, (source, offsets)
