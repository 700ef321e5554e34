"""Where ffmpeg starts to read a source so that picture and sound are complete at a given time.

    picture   |--keyframe--------start ...          from the keyframe before
    sound     |------------|run-up|start ...        from a bit earlier, as an input of its own

They are separate inputs because ffmpeg seeks by the video stream alone, to a keyframe, and gives the sound from there.
If that keyframe is the start itself, the sound's decoder has nothing to warm up on, and the clip would begin with a
gap. If it is the first frame of the file, and the sound began before it, the sound before it would be lost. Starting
the picture earlier as well would decode a whole group of pictures in vain whenever a cut falls on a keyframe.

Both are put on the file's clock (`KEEP_TIME_STAMPS`, `clock_options`). ffmpeg's own way is to shift each input to the
first time stamp of the streams that it uses, which moves picture and sound of a transport stream apart.
"""

from shared.media.probe import MediaFacts

KEEP_TIME_STAMPS = ("-copyts",)
"""The option of a whole run of ffmpeg whose inputs have `clock_options`."""

# In these ffmpeg finds the keyframe before a time. In the others it finds a time, or an approximate place.
_KEYFRAME_CONTAINERS = {"mp4", "matroska", "avi"}

_RUN_UPS = (0.0, 10.0, 60.0)
"""How many seconds before a cut its picture is read from: the first that suffices. The last resort is time 0."""

# Decoders need up to a quarter of a second, and files may store sound well before its picture.
_SOUND_RUN_UP_SECONDS = 1.0

SOUND_FROM_BEGINNING_SECONDS = 30.0
"""Up to this start, sound is read from the start of the file. The picture may begin that late, and it costs little."""


def clock_options(facts: MediaFacts) -> tuple[str, ...]:
    """Options of an input that put its time stamps on the file's clock. The run needs KEEP_TIME_STAMPS."""
    return ("-itsoffset", f"{-facts.clock_start_seconds:.6f}")


def first_run_up(facts: MediaFacts, start: float) -> float:
    """How many seconds before `start` the picture is read from, at first."""
    return min(start, _RUN_UPS[0] if facts.container in _KEYFRAME_CONTAINERS else _RUN_UPS[1])


def longer_run_up(run_up: float, start: float) -> float:
    """The next longer run-up of a cut at `start`, at most `start` itself."""
    return min(start, next((longer for longer in _RUN_UPS if longer > run_up), start))


def picture_options(facts: MediaFacts, start: float, run_up: float) -> tuple[str, ...]:
    """Options of an input that gives the picture at `start` and those after it; the filters drop the ones before.

    ffmpeg's accurate seeking is off, because it drops every frame before `start`, even the one that is
    still on screen then, as in recordings with a variable rate.
    """
    options = (*clock_options(facts), *_seek(start - run_up))
    # Without this, a recording whose size changes would reset the frame count.
    if facts.video.rotation == 0 and not facts.video.interlaced:
        options += ("-reinit_filter", "0")
    return options


def sound_options(facts: MediaFacts, start: float) -> tuple[str, ...]:
    """Options of an input whose sound is complete at `start`; only for an input that is read for its sound."""
    if start <= SOUND_FROM_BEGINNING_SECONDS:
        return clock_options(facts)
    run_up = max(_SOUND_RUN_UP_SECONDS, first_run_up(facts, start))
    return (*clock_options(facts), *_seek(start - run_up))


def _seek(seconds: float) -> tuple[str, ...]:
    return ("-noaccurate_seek", "-ss", f"{seconds:.6f}") if seconds > 0 else ()
