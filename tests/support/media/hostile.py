"""Makes small files that would use much time or memory, or would read other files."""

import struct
import subprocess
from pathlib import Path

from pipeline.ffmpeg.process import executable
from tests.support.media import footage
from tests.support.media.kinds import X264

HOUR = 3600


def playlists(target: str) -> dict[str, bytes]:
    """Playlists that refer to `target`, a path or a URL, in each format that ffmpeg would follow."""
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
    """Two frames, the second an hour after the first: 90,000 frames at a constant rate."""
    picture = ["-f", "lavfi", "-i", "color=red:size=64x64:rate=25", "-frames:v", "2"]
    times = ["-bsf:v", f"setts=pts=N*{HOUR}/TB:dts=N*{HOUR}/TB"]
    footage.make(*picture, *X264, "-x264-params", "info=0", *times, str(path))


def overstated_index(path: Path, pictures: int) -> None:
    """An index as small as one for two frames that claims `pictures` frames of one byte each."""
    hour_in_a_kilobyte(path)
    content = bytearray(path.read_bytes())
    sizes, times, chunks = (content.index(box) for box in (b"stsz", b"stts", b"stsc"))
    struct.pack_into(">II", content, sizes + 8, 1, pictures)
    struct.pack_into(">II", content, times + 12, pictures, 1)
    struct.pack_into(">I", content, chunks + 16, pictures)
    path.write_bytes(content)


def gap_in_sound(path: Path) -> None:
    """A second of sound and another one 3.6 hours later; the silence between them would be 5 GB."""
    late = f"if(gt(N\\,20)\\,{{}}+{3.6 * HOUR}/TB\\,{{}})"
    times = ["-bsf:a", f"setts=pts={late.format('PTS', 'PTS')}:dts={late.format('DTS', 'DTS')}"]
    source = [*footage.pattern(2, size="64x64"), *footage.tone(2)]
    footage.make(*source, *X264, "-c:a", "aac", *times, str(path))


def uniform(path: Path, width: int, height: int, *, frames: int = 3) -> None:
    """Frames of one colour, which take almost no storage at any size."""
    source = ["-f", "lavfi", "-i", f"color=red:size={width}x{height}:rate=25"]
    footage.make(*source, "-frames:v", str(frames), *X264, str(path))


def pixel_aspect_ratio(path: Path, across: int, down: int, *, width: int = 1280) -> None:
    """A file with the pixel aspect ratio `across`:`down` (ISO/IEC 14496-12, 12.1.4)."""
    source = ["-f", "lavfi", "-i", f"color=red:size={width}x720:rate=25:duration=0.4"]
    footage.make(*source, "-vf", "setsar=3/2", *X264, str(path))
    content = bytearray(path.read_bytes())
    struct.pack_into(">II", content, content.index(b"pasp") + 4, across, down)
    path.write_bytes(content)


def high_timescale(path: Path, ticks_per_second: int) -> None:
    """One second of video in a track with `ticks_per_second`, 512 ticks per frame."""
    footage.make(*footage.pattern(1, size="64x64", rate=25), *X264, str(path))
    content = bytearray(path.read_bytes())
    struct.pack_into(">I", content, content.index(b"mdhd") + 16, ticks_per_second)
    path.write_bytes(content)


def enhanced_picture(path: Path) -> None:
    """H.264 in which every frame carries a truncated LCEVC enhancement layer.

    It is an SEI message registered with the ITU (T.35): a country code and a manufacturer's number, then the data.
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


def understated_duration(path: Path, seconds: float) -> None:
    """8 s of numbered frames in a Matroska file that states a duration of `seconds` (RFC 9559, 5.1.2.10)."""
    footage.make(*footage.numbered(8), *X264, str(path))
    content = bytearray(path.read_bytes())
    struct.pack_into(">d", content, content.index(b"\x44\x89\x88") + 3, seconds * 1000)
    path.write_bytes(content)


def many_tracks(path: Path, tracks: int) -> None:
    """One small video track, `tracks` times."""
    source = ["-f", "lavfi", "-i", "color=red:size=64x64:rate=25:duration=0.2"]
    whole = path.with_name(f"one-{path.name}")
    footage.make(*source, *X264, str(whole))
    footage.make("-i", str(whole), *["-map", "0:v"] * tracks, "-c", "copy", str(path))
    whole.unlink()


def many_tiny_frames(path: Path, frames: int) -> None:
    """`frames` frames within one second, each of a few bytes."""
    source = ["-f", "lavfi", "-i", f"color=red:size=16x16:rate={frames}:duration=1"]
    footage.make(*source, "-c:v", "mpeg4", "-g", "600", str(path))


def long_title(path: Path, size: int) -> None:
    """A file with a title of `size` bytes."""
    labels = path.with_name("labels.txt")
    labels.write_text(";FFMETADATA1\ntitle=" + "x" * size + "\n")
    source = ["-f", "lavfi", "-i", "color=red:size=64x64:rate=25:duration=1"]
    footage.make("-i", str(labels), *source, "-map", "1:v", "-map_metadata", "0", *X264, str(path))


def very_low_frame_rate(path: Path) -> None:
    """Two frames at a constant rate of one per half hour."""
    source = ["-f", "lavfi", "-i", "color=red:size=64x64:rate=1/1800", "-frames:v", "2"]
    footage.make(*source, "-c:v", "mpeg4", str(path))


def video_of(codec: str, path: Path) -> None:
    """A video encoded with `codec`, which ffmpeg can encode."""
    source = ["-f", "lavfi", "-i", "testsrc2=size=64x64:rate=5:duration=1"]
    footage.make(*source, "-c:v", codec, str(path))


def decoder_names() -> set[str]:
    """The names of all of ffmpeg's decoders."""
    command = [executable(), "-hide_banner", "-decoders"]
    lines = subprocess.run(command, capture_output=True, check=True, text=True).stdout.splitlines()
    return {line.split()[1] for line in lines if line.startswith(" ") and len(line.split()) > 1}


def many_chapters(path: Path, chapters: int) -> None:
    """One second of video with `chapters` chapters of a tenth of a second each."""
    labels = path.with_suffix(".txt")
    chapter = "[CHAPTER]\nTIMEBASE=1/10\nSTART={}\nEND={}\ntitle=The part with the number {}\n"
    texts = (chapter.format(number, number + 1, number) for number in range(chapters))
    labels.write_text(";FFMETADATA1\n" + "".join(texts))
    source = [*footage.pattern(1, size="64x64"), "-i", str(labels)]
    footage.make(*source, "-map_chapters", "1", *X264, str(path))


def empty_fragments(path: Path) -> None:
    """A second of video, then half a million fragments without a picture."""
    flags = ["-movflags", "+frag_keyframe+empty_moov", "-f", "mp4"]
    footage.make(*footage.pattern(1, size="64x64"), *X264, *flags, str(path))
    with path.open("ab") as file:
        file.write(struct.pack(">I4sI4sII", 24, b"moof", 16, b"mfhd", 0, 1) * 500_000)


def empty_broadcast(path: Path) -> None:
    """24 MB of packets that belong to no programme (ISO/IEC 13818-1, 2.4.3.2)."""
    path.write_bytes((b"\x47\x00\x64\x10" + bytes(184)) * 128_000)


def deep_elements(path: Path) -> None:
    """Matroska in which 100,000 elements contain each other."""
    head = bytes.fromhex("1a45dfa3 84 4282 81 6d 18538067 01ffffffffffffff")
    path.write_bytes(
        head + bytes.fromhex("1043a770 01ffffffffffffff 45b9 01ffffffffffffff") * 100_000
    )


def many_edits(path: Path, edits: int = 250_000) -> None:
    """An MP4 with an edit list of `edits` edits, each of one picture."""
    _replace_edits(path, struct.pack(">IIHH", 40, 0, 1, 0) * edits)


def edits_from_the_last_picture(path: Path) -> None:
    """Half a megabyte of edits that each show the last picture, so that all those before it are decoded first."""
    _replace_edits(path, struct.pack(">IIHH", 40, 15_000, 1, 0) * 40_000)


def _replace_edits(path: Path, edits: bytes) -> None:
    """One second of video with these edits (ISO/IEC 14496-12, 8.6.6)."""
    footage.make(*footage.pattern(1, size="64x64"), *X264, "-f", "mp4", str(path))
    content = path.read_bytes()
    edits = struct.pack(">4sII", b"elst", 0, len(edits) // 12) + edits
    added = struct.pack(">I", 4 + len(edits)) + edits
    start = content.index(b"elst") - 4
    (old,) = struct.unpack_from(">I", content, start)
    changed = bytearray(content[:start] + added + content[start + old :])
    for box in (b"moov", b"trak", b"edts"):
        place = changed.index(box) - 4
        (size,) = struct.unpack_from(">I", changed, place)
        struct.pack_into(">I", changed, place, size + len(added) - old)
    path.write_bytes(changed)


def overlapping_samples(path: Path) -> None:
    """An index that names the same megabyte a million times."""
    overstated_index(path.with_suffix(".mp4"), 1_000_000)
    content = bytearray(path.with_suffix(".mp4").read_bytes())
    struct.pack_into(">I", content, content.index(b"stsz") + 8, 1 << 20)
    path.write_bytes(content + bytes(2 << 20))


def claimed_pictures(path: Path) -> None:
    """An index of one entry in a file of 68 KB that claims two million pictures of one byte."""
    overstated_index(path.with_suffix(".mp4"), 2_000_000)
    path.write_bytes(path.with_suffix(".mp4").read_bytes() + bytes(66_000))


REPEATING = (many_edits, edits_from_the_last_picture, claimed_pictures)
"""Files whose index names far more pictures than they hold."""

COSTLY = (empty_fragments, empty_broadcast, deep_elements, overlapping_samples, *REPEATING)
"""Files of some megabytes at most that claim, nest or repeat far more than they hold."""
