"""Creates small files that make a decoder use much time or memory, or read other files."""

import struct
import subprocess
from pathlib import Path

from pipeline.ffmpeg.process import executable
from tests.support.media import footage
from tests.support.media.kinds import X264

HOUR = 3600


def playlists(target: str) -> dict[str, bytes]:
    """Texts that refer to `target`, a path or an address, in each format that ffmpeg would follow."""
    hls = f"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:2,\n{target}\n#EXT-X-ENDLIST\n"
    dash = (
        '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static"><Period>'
        f"<AdaptationSet><Representation><BaseURL>{target}</BaseURL></Representation>"
        "</AdaptationSet></Period></MPD>"
    )
    texts = {
        "ffconcat": f"ffconcat version 1.0\nfile '{target}'\n",
        "hls": hls,
        "dash": dash,
        "sdp": f"v=0\no=- 0 0 IN IP4 127.0.0.1\nc=IN IP4 {target}\nm=video 9 RTP/AVP 96\n",
    }
    return {name: text.encode() for name, text in texts.items()}


def hour_in_a_kilobyte(path: Path) -> None:
    """Two frames an hour apart: at a constant frame rate, 90,000 frames."""
    picture = ["-f", "lavfi", "-i", "color=red:size=64x64:rate=25", "-frames:v", "2"]
    times = ["-bsf:v", f"setts=pts=N*{HOUR}/TB:dts=N*{HOUR}/TB"]
    footage.make(*picture, *X264, "-x264-params", "info=0", *times, str(path))


def boasting_index(path: Path, pictures: int) -> None:
    """An index that claims so many frames of one byte each, but is as small as an index of two."""
    hour_in_a_kilobyte(path)
    content = bytearray(path.read_bytes())
    sizes, times, chunks = (content.index(box) for box in (b"stsz", b"stts", b"stsc"))
    struct.pack_into(">II", content, sizes + 8, 1, pictures)
    struct.pack_into(">II", content, times + 12, pictures, 1)
    struct.pack_into(">I", content, chunks + 16, pictures)
    path.write_bytes(content)


def hole_in_the_sound(path: Path) -> None:
    """A second of sound, and another one 3.6 hours later: with the gap filled by silence, 5 GB."""
    late = f"if(gt(N\\,20)\\,{{}}+{3.6 * HOUR}/TB\\,{{}})"
    times = ["-bsf:a", f"setts=pts={late.format('PTS', 'PTS')}:dts={late.format('DTS', 'DTS')}"]
    source = [*footage.pattern(2, size="64x64"), *footage.tone(2)]
    footage.make(*source, *X264, "-c:a", "aac", *times, str(path))


def uniform(path: Path, width: int, height: int, *, frames: int = 3) -> None:
    """Frames of one colour, which take almost no space at any size."""
    source = ["-f", "lavfi", "-i", f"color=red:size={width}x{height}:rate=25"]
    footage.make(*source, "-frames:v", str(frames), *X264, str(path))


def oblong_pixels(path: Path, across: int, down: int, *, width: int = 1280) -> None:
    """Pixels that claim to be `across` by `down` (ISO/IEC 14496-12, 12.1.4)."""
    source = ["-f", "lavfi", "-i", f"color=red:size={width}x720:rate=25:duration=0.4"]
    footage.make(*source, "-vf", "setsar=3/2", *X264, str(path))
    content = bytearray(path.read_bytes())
    struct.pack_into(">II", content, content.index(b"pasp") + 4, across, down)
    path.write_bytes(content)


def swift_clock(path: Path, ticks_per_second: int) -> None:
    """A one-second file whose video track has so many ticks per second, with 512 ticks per frame."""
    footage.make(*footage.pattern(1, size="64x64", rate=25), *X264, str(path))
    content = bytearray(path.read_bytes())
    struct.pack_into(">I", content, content.index(b"mdhd") + 16, ticks_per_second)
    path.write_bytes(content)


def enhanced_picture(path: Path) -> None:
    """H.264 in which each frame has a truncated enhancement (LCEVC).

    The enhancement is a message of a vendor that is registered with the ITU (T.35): a country and a vendor number.
    Source: ISO/IEC 14496-10, annex D; ISO/IEC 23094-2, 7.3.2.
    """
    stream = path.with_name(f"{path.stem}.h264")
    plain = ["-x264-params", "info=0", "-bsf:v", "h264_mp4toannexb", "-f", "h264"]
    footage.make(*footage.pattern(0.4, size="64x64"), *X264, *plain, str(stream))
    maker, enhancement = b"\xb4\x00\x50\x00\x01", b"\x00\x00\x03\x01\x7b\xff"
    message = bytes([4, len(maker) + len(enhancement) - 1]) + maker + enhancement + b"\x80"
    content = stream.read_bytes()
    for picture in (b"\x00\x00\x01\x41", b"\x00\x00\x01\x61", b"\x00\x00\x01\x65"):
        content = content.replace(picture, b"\x00\x00\x01\x06" + message + picture)
    stream.write_bytes(content)
    footage.make("-v", "fatal", "-r", "30", "-i", str(stream), "-c", "copy", str(path))
    stream.unlink()


def short_claim(path: Path, seconds: float) -> None:
    """8 s of numbered frames in a Matroska file that claims to be shorter (RFC 9559, 5.1.2.10)."""
    footage.make(*footage.numbered(8), *X264, str(path))
    content = bytearray(path.read_bytes())
    struct.pack_into(">d", content, content.index(b"\x44\x89\x88") + 3, seconds * 1000)
    path.write_bytes(content)


def many_tracks(path: Path, tracks: int) -> None:
    """One small video track, repeated `tracks` times."""
    source = ["-f", "lavfi", "-i", "color=red:size=64x64:rate=25:duration=0.2"]
    whole = path.with_name(f"one-{path.name}")
    footage.make(*source, *X264, str(whole))
    footage.make("-i", str(whole), *["-map", "0:v"] * tracks, "-c", "copy", str(path))
    whole.unlink()


def swarm_of_tiny_pictures(path: Path, frames: int) -> None:
    """`frames` frames of a few bytes each, within a second."""
    source = ["-f", "lavfi", "-i", f"color=red:size=16x16:rate={frames}:duration=1"]
    footage.make(*source, "-c:v", "mpeg4", "-g", "600", str(path))


def long_title(path: Path, size: int) -> None:
    """A title of `size` bytes."""
    labels = path.with_name("labels.txt")
    labels.write_text(";FFMETADATA1\ntitle=" + "x" * size + "\n")
    source = ["-f", "lavfi", "-i", "color=red:size=64x64:rate=25:duration=1"]
    footage.make("-i", str(labels), *source, "-map", "1:v", "-map_metadata", "0", *X264, str(path))


def slow_picture(path: Path) -> None:
    """Two frames at a constant rate of one per half hour."""
    source = ["-f", "lavfi", "-i", "color=red:size=64x64:rate=1/1800", "-frames:v", "2"]
    footage.make(*source, "-c:v", "mpeg4", str(path))


def picture_of(codec: str, path: Path) -> None:
    """A video in a codec that ffmpeg can write."""
    source = ["-f", "lavfi", "-i", "testsrc2=size=64x64:rate=5:duration=1"]
    footage.make(*source, "-c:v", codec, str(path))


def decoder_names() -> set[str]:
    """All decoders that ffmpeg has."""
    command = [executable(), "-hide_banner", "-decoders"]
    lines = subprocess.run(command, capture_output=True, check=True, text=True).stdout.splitlines()
    return {line.split()[1] for line in lines if line.startswith(" ") and len(line.split()) > 1}
