"""Opens an untrusted file in ffmpeg: that file only, with the demuxer that the probe found.

ffmpeg reads far more than videos: playlists and reference movies that name other files and URLs, images, game formats,
scripts. By default all of these are allowed; each list below forbids one kind.
Source: ffmpeg's documentation of formats, protocols and codecs.
"""

from collections.abc import Sequence
from pathlib import Path

from shared.media.decoders import DECODERS, DEMUXERS
from shared.media.probe import MAX_PIXELS, MAX_STREAMS, MediaFacts

MAX_OPENED_STREAMS = 2 * MAX_STREAMS
"""Twice the probe's limit: the probe counts video, audio and text, and cameras add data streams."""


def read_file(
    path: Path, facts: MediaFacts, *, threads: int, options: Sequence[str] = ()
) -> list[str]:
    """Arguments that open the probed file `path`, and no other file, as an input."""
    demuxer = DEMUXERS[facts.container]
    return [
        *("-protocol_whitelist", "file"),
        *("-format_whitelist", demuxer, "-f", demuxer),
        *("-codec_whitelist", ",".join(DECODERS)),
        # Frames may carry an enhancement layer (LCEVC), which no camera writes. ffmpeg would decode it with a library
        # that the lists above do not cover. If it is exported as side data, ffmpeg does not decode it.
        *("-export_side_data", "enhancements"),
        *("-max_streams", str(MAX_OPENED_STREAMS), "-max_pixels", str(MAX_PIXELS)),
        *("-threads", str(threads), *options),
        *("-i", f"file:{path.absolute()}"),
    ]
