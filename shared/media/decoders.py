"""The demuxers and decoders that a stranger's file may use, by their names in FFmpeg.

The worker gives ffmpeg these names, and the probe tells by them whether a track can be decoded.
"""

DEMUXERS = {"mp4": "mov", "matroska": "matroska", "avi": "avi", "mpegts": "mpegts"}
"""The demuxer by container."""

DECODERS = (
    # written by phones, cameras, browsers and screen recorders
    *("h264", "hevc", "libdav1d", "av1", "vp8", "vp9", "mpeg4", "h263", "mjpeg"),
    # written by editors
    *("prores", "dnxhd", "cfhd", "ffv1", "huffyuv", "ffvhuff", "utvideo", "magicyuv", "qtrle"),
    *("rawvideo", "v210", "png", "dvvideo", "hap"),
    # found in older cameras' files, on discs and in broadcasts
    *("mpeg1video", "mpeg2video", "msmpeg4v1", "msmpeg4v2", "msmpeg4", "wmv1", "wmv2", "wmv3"),
    *("vc1", "theora", "cinepak", "svq1", "svq3", "flv", "vp6", "vp6f", "indeo5"),
    # audio
    *("aac", "aac_latm", "mp3float", "mp3", "mp2float", "mp2", "mp1float", "ac3", "eac3", "dca"),
    *("truehd", "mlp", "opus", "libopus", "vorbis", "flac", "alac", "wmav1", "wmav2", "wmapro"),
    *("amrnb", "amrwb", "adpcm_ms", "adpcm_ima_wav", "adpcm_ima_qt", "qdm2", "gsm_ms", "s302m"),
    *("pcm_s8", "pcm_u8", "pcm_s16le", "pcm_s16be", "pcm_s24le", "pcm_s24be", "pcm_s32le"),
    *("pcm_s32be", "pcm_f32le", "pcm_f32be", "pcm_f64le", "pcm_alaw", "pcm_mulaw"),
    *("pcm_bluray", "pcm_dvd"),
)
