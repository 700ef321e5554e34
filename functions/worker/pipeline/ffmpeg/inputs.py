"""Opens an untrusted file in ffmpeg: that file only, with the demuxer that the probe found.

ffmpeg reads far more than videos: playlists and reference movies that name other files and URLs, images, game formats,
scripts. By default all of these are allowed; each list below forbids one kind.
Source: ffmpeg's documentation of formats, protocols and codecs.
"""

from collections.abc import Sequence
from pathlib import Path

from shared.media.containers import CONTAINERS
from shared.media.probe import MAX_PIXELS, MAX_STREAMS, MediaFacts

MAX_OPENED_STREAMS = 2 * MAX_STREAMS
"""Twice the probe's limit: the probe counts video, audio and text, and cameras add data streams."""

DECODERS = (
    # written by phones, cameras, browsers and screen recorders
    *("h264", "hevc", "libdav1d", "av1", "vp8", "vp9", "mpeg4", "h263", "mjpeg"),
    # written by editors
    *("prores", "dnxhd", "cfhd", "ffv1", "huffyuv", "ffvhuff", "utvideo", "magicyuv", "qtrle"),
    *("rawvideo", "v210", "png", "dvvideo", "hap"),
    # found in older cameras' files, on discs and in broadcasts
    *("mpeg1video", "mpeg2video", "msmpeg4v1", "msmpeg4v2", "msmpeg4", "wmv1", "wmv2", "wmv3"),
    *("vc1", "theora", "cinepak", "svq1", "svq3", "flv", "vp6", "vp6a", "vp6f", "indeo5"),
    # audio
    *("aac", "aac_latm", "mp3float", "mp3", "mp2float", "mp2", "mp1float", "ac3", "eac3", "dca"),
    *("truehd", "mlp", "opus", "libopus", "vorbis", "flac", "alac", "wmav1", "wmav2", "wmapro"),
    *("amrnb", "amrwb", "adpcm_ms", "adpcm_ima_wav", "adpcm_ima_qt", "qdm2", "gsm_ms", "s302m"),
    *("wmalossless", "wmavoice", "speex", "nellymoser", "adpcm_swf", "qcelp", "evrc"),
    *("pcm_s8", "pcm_u8", "pcm_s16le", "pcm_s16be", "pcm_s24le", "pcm_s24be", "pcm_s32le"),
    *("pcm_s32be", "pcm_f32le", "pcm_f32be", "pcm_f64le", "pcm_alaw", "pcm_mulaw"),
    *("pcm_bluray", "pcm_dvd"),
)


def read_file(
    path: Path, facts: MediaFacts, *, threads: int, options: Sequence[str] = ()
) -> list[str]:
    """Arguments that open the probed file `path`, and no other file, as an input."""
    demuxer = CONTAINERS[facts.container].demuxer
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
