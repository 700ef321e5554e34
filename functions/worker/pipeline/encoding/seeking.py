"""Where ffmpeg starts to read a source so that picture and sound are complete at a given time.

    picture   |--keyframe--------start ...          from the keyframe before
    sound     |------------|run-up|start ...        from a bit earlier, as an input of its own

They are separate inputs because ffmpeg seeks by the video stream alone, to a keyframe, and gives the sound from there.
If that keyframe is the start itself, the sound's decoder has nothing to warm up on, and the clip would begin with a
gap. If it is the first frame of the file, and the sound began before it, the sound before it would be lost. Starting
the picture earlier as well would decode a whole group of pictures in vain whenever a cut falls on a keyframe.
"""

from dataclasses import dataclass

from shared.media.probe import MediaFacts

# In a transport stream ffmpeg seeks to a time, not to a keyframe: start early enough to include one.
_RUN_UP_SECONDS = {"mpegts": 10.0}

# Decoders need up to a quarter of a second, and files may store sound well before its picture.
_SOUND_RUN_UP_SECONDS = 1.0

SOUND_FROM_BEGINNING_SECONDS = 30.0
"""Up to this start, sound is read from the start of the file. The picture may begin that late, and it costs little."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Seek:
    """Input options, and the offset in seconds of the wanted time from where they start to read."""

    options: tuple[str, ...]
    offset: float


def seek_picture(facts: MediaFacts, start: float) -> Seek:
    """Seek to the keyframe before `start`; the filters drop the frames before it.

    ffmpeg's accurate seeking is off, because it drops every frame before `start`, even the one that is
    still on screen then, as in recordings with a variable rate.
    """
    options, offset = _seek_before(start, _RUN_UP_SECONDS.get(facts.container, 0.0))
    # Without this, a recording whose size changes would reset the frame count.
    if facts.video.rotation == 0 and not facts.video.interlaced:
        options += ("-reinit_filter", "0")
    return Seek(options=options, offset=offset)


def seek_sound(facts: MediaFacts, start: float) -> Seek:
    """Seek so far before `start` that the sound is complete there; only for an input that is read for its sound."""
    if start <= SOUND_FROM_BEGINNING_SECONDS:
        return Seek(options=(), offset=start)
    run_up = max(_SOUND_RUN_UP_SECONDS, _RUN_UP_SECONDS.get(facts.container, 0.0))
    options, offset = _seek_before(start, run_up)
    return Seek(options=options, offset=offset)


def _seek_before(start: float, run_up: float) -> tuple[tuple[str, ...], float]:
    offset = min(start, run_up)
    return ("-noaccurate_seek", "-ss", f"{start - offset:.6f}"), offset
