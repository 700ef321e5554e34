"""No finished clip holds a picture for longer than tolerated where its source has none.

The sources claim more than they have: by a longer track, a header, an index, an edit list, or damaged pictures.
"""

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import pytest

from pipeline.encoding.canvas import Canvas
from pipeline.encoding.encode import encode_clip
from pipeline.encoding.reading.cut import Cut
from pipeline.encoding.reading.jumps import close_jumps
from pipeline.encoding.thumbnail import make_thumbnail
from pipeline.ffmpeg.failure import FfmpegFailed
from shared.media.probe import MediaFacts, probe
from tests.support.media import footage
from tests.worker.render.rendering import render

RATE = 25
SECONDS = 6
CLAIMED_SECONDS = 12
CANVAS = Canvas(width=192, height=64, frame_rate=Fraction(RATE))
FIRST_NUMBER = 1024  # so that black, which reads as 0, is none of them

H264 = ["-c:v", "libx264", "-preset", "veryfast", "-g", "25", "-bf", "2"]
ANNEX_B = ["-bsf:v", "h264_mp4toannexb"]

Make = Callable[[Path, Path], None]


@dataclass(frozen=True, kw_only=True)
class Lie:
    """A file that claims too much: how it is made from the parts in a folder, a cut into the lie, and the reason."""

    name: str
    make: Make
    cut: tuple[float, float] = (5, 9)
    reason: str = r"picture ends at 6\.\d+ seconds, but the clip needs it until 9\.000"


def _copied(*options: str, offset: float = 0, sound: str = "sound.mkv") -> Make:
    """Picture of 6 s and sound of 12 s."""

    def make(parts: Path, path: Path) -> None:
        inputs = ["-i", str(parts / "picture.mkv"), "-i", str(parts / sound)]
        shift = ["-output_ts_offset", str(offset)] if offset else []
        footage.make(*inputs, "-c", "copy", *options, *shift, str(path))

    return make


def _encoded(*options: str) -> Make:
    """The same in codecs that the container needs."""

    def make(parts: Path, path: Path) -> None:
        inputs = ["-i", str(parts / "picture.mkv"), "-i", str(parts / "sound.mkv")]
        footage.make(*inputs, *options, str(path))

    return make


def _with_text(parts: Path, path: Path) -> None:
    text = parts / "text.srt"
    text.write_text("1\n00:00:01,000 --> 00:00:12,000\nlong\n")
    inputs = ["-i", str(parts / "short.mkv"), "-i", str(text)]
    footage.make(*inputs, "-c", "copy", "-c:s", "mov_text", str(path))


def _with_chapters(parts: Path, path: Path) -> None:
    text = parts / "chapters.txt"
    text.write_text(";FFMETADATA1\n[CHAPTER]\nTIMEBASE=1/1\nSTART=0\nEND=12\ntitle=long\n")
    inputs = ["-i", str(parts / "short.mkv"), "-i", str(text)]
    footage.make(*inputs, "-map_chapters", "1", "-map", "0", "-c", "copy", str(path))


def _patched(*boxes: tuple[bytes, int], options: Sequence[str] = ()) -> Make:
    """An MP4 of 6 s whose boxes state 12 s: the number at an offset from a box's name is doubled."""

    def make(parts: Path, path: Path) -> None:
        footage.make("-i", str(parts / "short.mkv"), "-c", "copy", *options, str(path))
        data = bytearray(path.read_bytes())
        for box, offset in boxes:
            at = data.index(box) + offset
            data[at : at + 4] = struct.pack(">I", 2 * struct.unpack(">I", data[at : at + 4])[0])
        path.write_bytes(data)

    return make


def _duration_element(parts: Path, path: Path) -> None:
    footage.make("-i", str(parts / "short.mkv"), "-c", "copy", str(path))
    data = bytearray(path.read_bytes())
    at = data.index(b"\x44\x89\x88") + 3
    data[at : at + 8] = struct.pack(">d", 1000.0 * CLAIMED_SECONDS)
    path.write_bytes(data)


def _avi_header(parts: Path, path: Path) -> None:
    footage.make("-i", str(parts / "short.mkv"), "-c", "copy", *ANNEX_B, "-an", str(path))
    data = bytearray(path.read_bytes())
    for at in (data.index(b"avih") + 8 + 16, data.index(b"strh") + 8 + 32):
        data[at : at + 4] = struct.pack("<I", RATE * CLAIMED_SECONDS)
    path.write_bytes(data)


def _flv_metadata(parts: Path, path: Path) -> None:
    footage.make("-i", str(parts / "short.mkv"), "-c", "copy", str(path))
    data = bytearray(path.read_bytes())
    at = data.index(b"duration") + 9
    data[at : at + 8] = struct.pack(">d", float(CLAIMED_SECONDS))
    path.write_bytes(data)


def _last_picture(parts: Path, path: Path) -> None:
    duration = f"if(eq(N\\,{RATE * SECONDS - 1})\\,20/TB\\,DURATION)"
    setts = f"setts=pts=PTS:dts=DTS:duration={duration}"
    footage.make("-i", str(parts / "picture.mkv"), "-c", "copy", "-bsf:v", setts, str(path))


def _damaged(start: float, end: float, *options: str) -> Make:
    """The bytes of the pictures between two fractions of the file are lost, its index is whole."""

    def make(parts: Path, path: Path) -> None:
        footage.make("-i", str(parts / "short.mkv"), "-c", "copy", "-an", *options, str(path))
        data = bytearray(path.read_bytes())
        first, last = round(start * len(data)), round(end * len(data))
        data[first:last] = bytes(last - first)
        path.write_bytes(data)

    return make


DAMAGED = "Part of the video could not be decoded"
INDEX_FIRST = ("-movflags", "+faststart")
FRAGMENTS = ("-movflags", "+frag_keyframe+empty_moov")
VP8 = ["-c:v", "libvpx", "-b:v", "1M", "-deadline", "realtime", "-cpu-used", "8"]
MPEG2 = ["-c:v", "mpeg2video", "-q:v", "2", "-c:a", "mp2", "-f", "vob"]

LIES = (
    # a longer track
    Lie(name="sound.mp4", make=_copied()),
    Lie(name="sound.mov", make=_copied()),
    Lie(name="sound.mkv", make=_copied()),
    Lie(name="sound.ts", make=_copied()),
    Lie(name="sound.flv", make=_copied()),
    Lie(name="sound.avi", make=_copied(*ANNEX_B, sound="sound.mp3")),
    Lie(name="sound.webm", make=_encoded(*VP8, "-c:a", "libopus")),
    # its last picture has no time stamp of its own
    Lie(name="sound.mpg", make=_encoded(*MPEG2), reason=r"picture ends at 5\.9\d+ seconds"),
    Lie(name="sound-in-fragments.mp4", make=_copied(*FRAGMENTS)),
    Lie(name="text.mp4", make=_with_text),
    Lie(name="chapters.mov", make=_with_chapters),
    # a header
    Lie(name="movie.mp4", make=_patched((b"mvhd", 20), (b"mdhd", 20), (b"tkhd", 24))),
    Lie(name="element.mkv", make=_duration_element),
    Lie(name="frames.avi", make=_avi_header),
    Lie(name="metadata.flv", make=_flv_metadata),
    Lie(name="last-picture.mp4", make=_last_picture, reason=r"ends at 6\.\d+ seconds"),
    # an edit list, an offset
    Lie(name="edits.mp4", make=_patched((b"mvhd", 20), (b"elst", 12))),
    Lie(name="starts-late.mkv", make=_copied(offset=12), cut=(5, 9)),
    Lie(name="starts-late.ts", make=_copied(offset=12), cut=(8, 12), reason=r"ends at 6\.\d+ sec"),
    # pictures that cannot be decoded
    Lie(name="tail.mp4", make=_damaged(0.6, 1, *INDEX_FIRST), cut=(0, 6), reason=DAMAGED),
    Lie(
        name="tail.mov", make=_damaged(0.6, 1, *INDEX_FIRST), cut=(4, 6), reason="damaged|no frame"
    ),
    Lie(name="middle.mp4", make=_damaged(0.4, 0.7, *INDEX_FIRST), cut=(1, 6), reason=DAMAGED),
    Lie(name="middle.avi", make=_damaged(0.4, 0.7, *ANNEX_B), cut=(1, 6), reason=DAMAGED),
)


@pytest.fixture(scope="session")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Streams of which the files are made: a numbered picture of 6 s, sound of 12 s, and both of 6 s."""
    folder = tmp_path_factory.mktemp("parts")
    picture = footage.numbered(SECONDS, rate=RATE, first=FIRST_NUMBER)
    sound = footage.tone(CLAIMED_SECONDS)
    footage.make(*picture, *H264, str(folder / "picture.mkv"))
    footage.make(*sound, "-c:a", "aac", str(folder / "sound.mkv"))
    footage.make(*sound, "-c:a", "libmp3lame", str(folder / "sound.mp3"))
    both = ["-i", str(folder / "picture.mkv"), "-i", str(folder / "sound.mkv")]
    footage.make(*both, "-t", str(SECONDS), "-c", "copy", str(folder / "short.mkv"))
    return folder


async def _clip(
    folder: Path, path: Path, facts: MediaFacts, *times: tuple[float, float]
) -> list[int]:
    """The numbers that a clip of these cuts shows."""
    cuts = [Cut(path=path, facts=facts, start=start, end=end) for start, end in times]
    clip = folder / "clip.mp4"
    await encode_clip(cuts, clip, canvas=CANVAS, work_dir=folder)
    return footage.numbers(clip)


def _numbers(start: float, end: float) -> list[int]:
    return [FIRST_NUMBER + frame for frame in range(round(start * RATE), round(end * RATE))]


@pytest.mark.parametrize("lie", LIES, ids=lambda lie: lie.name)
async def test_a_claim_without_pictures_ends_with_its_reason(
    lie: Lie, parts: Path, tmp_path: Path
) -> None:
    path = tmp_path / lie.name
    lie.make(parts, path)
    facts = probe(path)
    if "ends" in lie.reason:
        assert facts.duration_seconds == pytest.approx(SECONDS, abs=1.1)
    with pytest.raises(FfmpegFailed, match=lie.reason) as failed:
        await _clip(tmp_path, path, facts, lie.cut)
    assert not failed.value.transient
    assert footage.names(tmp_path) == [lie.name]


async def test_the_pictures_that_are_there_are_shown_up_to_their_end(
    parts: Path, tmp_path: Path
) -> None:
    """Within the tolerance the last one is held, so that a segment may end where the sound does."""
    path = tmp_path / "sound.mp4"
    _copied()(parts, path)
    numbers = await _clip(tmp_path, path, probe(path), (4, 6), (5.6, 6.4))
    assert numbers == [*_numbers(4, 6), *_numbers(5.6, 6), *_numbers(5.96, 6) * 10]


@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
async def test_a_picture_that_the_source_holds_is_held(tmp_path: Path, suffix: str) -> None:
    """As in a screen recording: the next picture comes eight seconds later."""
    path = tmp_path / f"screen.{suffix}"
    still = ["-vf", "select='lt(n,50)+gte(n,250)'", "-fps_mode", "vfr"]
    picture = footage.numbered(11, rate=RATE, first=FIRST_NUMBER)
    footage.make(*picture, *still, *H264, str(path))
    numbers = await _clip(tmp_path, path, probe(path), (1, 9), (9.8, 10.2))
    last = FIRST_NUMBER + 49
    assert numbers == [*_numbers(1, 2), *[last] * 175, *[last] * 5, *_numbers(10, 10.2)]


async def test_no_thumbnail_is_made_of_what_is_not_there(parts: Path, tmp_path: Path) -> None:
    path = tmp_path / "sound.mkv"
    _copied()(parts, path)
    picture = tmp_path / "picture.jpg"
    with pytest.raises(FfmpegFailed, match=r"picture ends at 6\.\d+ seconds"):
        await make_thumbnail(path, probe(path), 8, picture, work_dir=tmp_path)
    await make_thumbnail(path, probe(path), 5.9, picture, work_dir=tmp_path)
    assert footage.names(tmp_path) == ["picture.jpg", "sound.mkv"]


@pytest.mark.parametrize("suffix", ["ts", "mpg"])
async def test_a_keyframe_far_before_a_cut_is_found(tmp_path: Path, suffix: str) -> None:
    """A transport stream is read from ten seconds before a cut at first, and these keyframes are 30 s apart."""
    path = tmp_path / f"rare-keyframes.{suffix}"
    codec = {"ts": [*H264[:4], "-g", "750", "-sc_threshold", "0"], "mpg": [*MPEG2[:4], "-g", "600"]}
    picture = footage.numbered(28, rate=RATE, first=FIRST_NUMBER)
    options = [*codec[suffix], *({"mpg": ["-f", "vob"]}.get(suffix, []))]
    footage.make(*picture, *options, str(path))
    numbers = await _clip(tmp_path, path, probe(path), (21, 21.4), (3, 3.2), (14, 14.2))
    assert numbers == [*_numbers(21, 21.4), *_numbers(3, 3.2), *_numbers(14, 14.2)]


def _joined(path: Path, *starts: float) -> None:
    """Recordings of 4 s that begin at these times of the recorder's clock, one after the other."""
    whole = b""
    for index, start in enumerate(starts):
        part = path.with_name(f"part-{index}.ts")
        picture = footage.numbered(4, rate=RATE, first=FIRST_NUMBER + 4 * RATE * index)
        shift = ["-muxdelay", "0", "-output_ts_offset", str(start)]
        footage.make(*picture, *footage.tone(4), *H264, "-c:a", "aac", *shift, str(part))
        whole += part.read_bytes()
        part.unlink()
    path.write_bytes(whole)


async def test_jumps_of_the_clock_are_closed(tmp_path: Path) -> None:
    """Forward, backward, and back to where the file began. Each picture is shown once, also across a jump."""
    path, steady = tmp_path / "jumps.ts", tmp_path / "steady.ts"
    _joined(path, 5000, 100, 100, 90000)
    facts = probe(path)
    assert facts.clock_jumps
    await close_jumps(path, facts, steady, work_dir=tmp_path)
    closed = probe(steady)
    assert not closed.clock_jumps
    assert closed.duration_seconds == pytest.approx(facts.duration_seconds, abs=0.1)
    truth = footage.numbers(path)
    start = closed.video.start_seconds
    times = [(start + second, start + second + 2) for second in (9, 3, 13)]
    numbers = await _clip(tmp_path, steady, closed, *times)
    expected = [n for second in (9, 3, 13) for n in truth[second * RATE : (second + 2) * RATE]]
    assert max(abs(a - b) for a, b in zip(numbers, expected, strict=True)) <= 1


async def test_a_damaged_clip_is_not_rendered(parts: Path, tmp_path: Path) -> None:
    clip = tmp_path / "clip.mp4"
    _damaged(0.5, 0.7, *INDEX_FIRST)(parts, clip)
    with pytest.raises(FfmpegFailed, match=DAMAGED):
        await render(clip, tmp_path)
    assert not (tmp_path / "render.mp4").exists()
