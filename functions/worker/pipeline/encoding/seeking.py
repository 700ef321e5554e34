"""Where ffmpeg starts to read a source so that the picture and sound at a given time are right.

    picture   |--key frame-------start ...          from the key frame before
    sound     |------------|run-up|start ...        from a bit earlier, as an input of its own

They are read apart because ffmpeg seeks in a file by its picture alone, to a key frame, and gives the sound from there
on. Where that is the start itself, the sound's decoder has nothing to warm up on, and the clip would begin with a hole;
where it is the first picture of all, which came later than the sound, everything before would be lost. Starting the
picture earlier, too, would decode a whole group of pictures for nothing whenever a cut falls on a key frame.
"""

from dataclasses import dataclass

from shared.media.probe import MediaFacts

# In a transport stream ffmpeg finds a time, not a key frame: it starts early enough to meet one.
_RUN_UP_SECONDS = {"mpegts": 10.0}

# Decoders need up to a quarter of a second, and files may hold sound well before its picture.
_SOUND_RUN_UP_SECONDS = 1.0

SOUND_FROM_BEGINNING_SECONDS = 30.0
"""Up to here sound is read from the file's beginning: so much later the picture may begin, and it costs little."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Seek:
    """Input options, and how many seconds into what they read the wanted time lies."""

    options: tuple[str, ...]
    offset: float


def seek_picture(facts: MediaFacts, start: float) -> Seek:
    """Read from the key frame before `start`; the filters drop what comes too early.

    ffmpeg's own accurate seeking is off: it drops every picture before `start`, also the one that
    is still on screen then, as happens in recordings of a variable rate.
    """
    options, offset = _from(start, _RUN_UP_SECONDS.get(facts.container, 0.0))
    # A recording that changes its size on the way must not reset the count of frames.
    if facts.video.rotation == 0 and not facts.video.interlaced:
        options += ("-reinit_filter", "0")
    return Seek(options=options, offset=offset)


def seek_sound(facts: MediaFacts, start: float) -> Seek:
    """Read from long enough before `start` that the sound is whole there; only for an input without picture."""
    if start <= SOUND_FROM_BEGINNING_SECONDS:
        return Seek(options=(), offset=start)
    run_up = max(_SOUND_RUN_UP_SECONDS, _RUN_UP_SECONDS.get(facts.container, 0.0))
    options, offset = _from(start, run_up)
    return Seek(options=options, offset=offset)


def _from(start: float, run_up: float) -> tuple[tuple[str, ...], float]:
    offset = min(start, run_up)
    return ("-noaccurate_seek", "-ss", f"{start - offset:.6f}"), offset
