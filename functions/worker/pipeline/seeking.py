"""Where ffmpeg starts to read a source so that the picture and sound at a given time are right."""

from dataclasses import dataclass

from shared.media import MediaFacts

# In a transport stream ffmpeg finds a time, not a key frame: it starts early enough to meet one.
_RUN_UP_SECONDS = {"mpegts": 10.0}


@dataclass(frozen=True, kw_only=True, slots=True)
class Seek:
    """Input options, and how many seconds into what they read the wanted time lies."""

    options: tuple[str, ...]
    offset: float


def seek(facts: MediaFacts, start: float) -> Seek:
    """Read from the key frame before `start`; the filters drop what comes too early.

    ffmpeg's own accurate seeking is off: it drops every picture before `start`, also the one that
    is still on screen then, as happens in recordings of a variable rate.
    """
    offset = min(start, _RUN_UP_SECONDS.get(facts.container, 0.0))
    options = ["-noaccurate_seek", "-ss", f"{start - offset:.6f}"]
    # A recording that changes its size on the way must not reset the count of frames.
    if facts.video.rotation == 0 and not facts.video.interlaced:
        options += ["-reinit_filter", "0"]
    return Seek(options=tuple(options), offset=offset)
