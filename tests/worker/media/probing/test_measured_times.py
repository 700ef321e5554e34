"""Times and frame rates are measured by the packets, whatever a container states or leaves out."""

import os
import struct
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import pytest

from pipeline.encoding.canvas import constant_rate
from shared.media.input_file import InputFile
from shared.media.packets.measure import measure
from shared.media.probe import MediaFacts, probe
from tests.support.media import footage
from tests.worker.media.hostile.steps import make_clip, refusal

RECORDINGS = footage.CASES.parent / "recordings"
MPEG4 = ("-c:v", "mpeg4", "-bf", "0", "-g", "15")
H264 = ("-c:v", "libx264", "-preset", "ultrafast", "-bf", "2", "-g", "15", "-pix_fmt", "yuv420p")
VP8 = ("-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8")
CODECS = {
    "mp4": (*H264, "-c:a", "aac"),
    "mov": (*H264, "-c:a", "aac"),
    "mkv": (*H264, "-c:a", "aac"),
    "ts": (*H264, "-c:a", "mp2"),
    "webm": (*VP8, "-c:a", "libopus"),
    "avi": (*MPEG4, "-c:a", "libmp3lame"),
}
TEXTS = {"mp4": "mov_text", "mov": "mov_text", "mkv": "srt", "webm": "webvtt"}


@pytest.mark.parametrize(
    ("name", "pictures", "seconds"),
    [("mrs_vp8.webm", 179, 6.0), ("mrs_vp9.webm", 165, 5.98), ("mrs_h264.webm", 149, 5.97)],
)
def test_a_sliced_recording_is_measured(name: str, pictures: int, seconds: float) -> None:
    """It states neither a duration nor a frame rate, and has no index."""
    facts = probe(footage.CASES / name)
    assert facts.duration_seconds == pytest.approx(seconds, abs=0.02)
    assert (facts.video.frame_count, facts.video.variable_frame_rate) == (pictures, True)
    assert facts.video.frame_rate == pytest.approx(pictures / seconds, rel=0.01)
    assert facts.audio is not None
    assert facts.audio.end_seconds == pytest.approx(6.0, abs=0.03)


def test_a_jump_of_the_clock_is_closed() -> None:
    facts = probe(footage.CASES / "ts_discontinuity.ts")
    assert facts.duration_seconds == pytest.approx(20.02, abs=0.01)
    assert (facts.video.frame_rate, facts.video.variable_frame_rate) == (30, False)
    assert facts.video.frame_count == 600
    assert constant_rate(facts.video) == 30


def test_text_does_not_lengthen_a_video() -> None:
    assert probe(footage.CASES / "subtitle_track_longer.mp4").duration_seconds == pytest.approx(
        6.067, abs=0.001
    )


def test_a_late_first_time_stamp_does_not_lengthen_a_video() -> None:
    facts = probe(footage.CASES / "mkv_starts_12s.mkv")
    assert facts.duration_seconds == pytest.approx(20.02, abs=0.002)
    assert facts.video.start_seconds == pytest.approx(0.021)
    assert (facts.video.frame_rate, facts.video.variable_frame_rate) == (30, False)


@pytest.mark.parametrize(
    ("name", "chosen"), [("apac_first.mov", 1), ("apac_second.mov", 0), ("default_second.mkv", 1)]
)
def test_the_sound_track_that_is_meant_is_chosen(name: str, chosen: int) -> None:
    facts = probe(footage.CASES / name)
    assert len(facts.audio_tracks) == 2
    assert facts.audio is not None
    assert (facts.audio.number, facts.audio.codec) == (chosen, "aac")
    decodable = [track.decodable for track in facts.audio_tracks]
    assert decodable == [name != "apac_first.mov", name != "apac_second.mov"]


@dataclass(frozen=True, kw_only=True)
class Lie:
    """A file that claims what does not hold: what its picture and its sound really do, in seconds."""

    make: Callable[[Path], None]
    container: str
    picture: tuple[float, float] = (0.0, 2.0)
    sound_end: float = 2.0

    def __str__(self) -> str:
        return f"{self.make.__name__.strip('_')}-{self.container}"


def _make(path: Path, *options: str, seconds: float = 2.0, sound: float = 2.0) -> None:
    source = [*footage.pattern(seconds, size="160x90"), *footage.tone(sound)]
    footage.make(*source, *CODECS[path.suffix[1:]], *options, str(path))


def _longer_text(path: Path) -> None:
    text = path.with_suffix(".srt")
    text.write_text("1\n00:00:00,500 --> 00:00:01,000\na\n\n2\n00:00:17,000 --> 00:00:18,000\nb\n")
    codec = TEXTS[path.suffix[1:]]
    plain = path.with_name(f"plain{path.suffix}")
    _make(plain)
    footage.make(
        "-i",
        str(plain),
        "-i",
        str(text),
        "-map",
        "0",
        "-map",
        "1",
        "-c",
        "copy",
        "-c:s",
        codec,
        str(path),
    )


def _longer_chapters(path: Path) -> None:
    chapters, plain = path.with_suffix(".txt"), path.with_name(f"plain{path.suffix}")
    chapters.write_text(";FFMETADATA1\n[CHAPTER]\nTIMEBASE=1/1\nSTART=0\nEND=60\ntitle=all\n")
    _make(plain)
    footage.make(
        "-i", str(plain), "-i", str(chapters), "-map_chapters", "1", "-c", "copy", str(path)
    )


def _longer_sound(path: Path) -> None:
    _make(path, sound=5.0)


def _late_start(path: Path) -> None:
    _make(path, "-output_ts_offset", "12")


def _late_picture(path: Path) -> None:
    """Its edit list begins with an empty edit."""
    footage.make(
        *("-itsoffset", "1.5", *footage.pattern(2, size="160x90"), *footage.tone(2)),
        *(*CODECS[path.suffix[1:]], str(path)),
    )


def _cut_head(path: Path) -> None:
    """Its edit list leaves out the first 0.7 s of what is stored."""
    plain = path.with_name(f"plain{path.suffix}")
    _make(plain, "-g", "300")
    footage.make("-ss", "0.7", "-i", str(plain), "-c", "copy", str(path))


def _cut_tail(path: Path) -> None:
    """Its edit list leaves out the last 0.5 s of what is stored, as mobile editors write it."""
    _make(path)
    content = bytearray(path.read_bytes())
    box = content.index(b"elst")
    (duration,) = struct.unpack_from(">I", content, box + 12)
    struct.pack_into(">I", content, box + 12, duration * 3 // 4)
    path.write_bytes(content)


def _fragments(path: Path) -> None:
    """As a browser's Media Source recorder writes it: no duration, no index of fragments, an empty last one."""
    flags = "+frag_keyframe+empty_moov+default_base_moof+skip_trailer"
    _make(path, "-movflags", flags)
    content = path.read_bytes()
    track = bytes.fromhex("00000010746668640002000000000001")
    header = bytes.fromhex("000000106d66686400000000000000ff")
    inner = header + struct.pack(">I", 8 + len(track)) + b"traf" + track
    empty = struct.pack(">I", 8 + len(inner)) + b"moof" + inner + struct.pack(">I", 8) + b"mdat"
    path.write_bytes(content + empty)


def _stated_in_fragments(path: Path) -> None:
    _fragments(path)
    _overwrite(path, b"mvhd", 16, ">I", 60_000)


def _stated(path: Path) -> None:
    """Its header states 60 s."""
    _make(path)
    if path.suffix == ".mkv":
        _overwrite(path, b"\x44\x89\x88", 0 - 1, ">d", 60_000.0)
    elif path.suffix == ".avi":
        _overwrite(path, b"vids", 32, "<I", 1800)
    else:
        _overwrite(path, b"mvhd", 16, ">I", 60_000)
        _overwrite(path, b"tkhd", 20, ">I", 60_000)


def _overwrite(path: Path, mark: bytes, offset: int, form: str, value: float) -> None:
    content = bytearray(path.read_bytes())
    struct.pack_into(form, content, content.index(mark) + 4 + offset, value)
    path.write_bytes(content)


LIES = [
    *(Lie(make=_longer_text, container=name) for name in TEXTS),
    *(Lie(make=_longer_chapters, container=name) for name in ("mp4", "mov", "mkv")),
    *(Lie(make=_longer_sound, container=name, sound_end=5.0) for name in CODECS),
    *(Lie(make=_late_start, container=name) for name in ("mp4", "mkv", "webm", "ts")),
    *(
        Lie(make=_late_picture, container=name, picture=(1.5, 3.5))
        for name in ("mp4", "mov", "mkv", "ts")
    ),
    Lie(make=_cut_head, container="mp4", picture=(0.0, 1.3), sound_end=1.3),
    Lie(make=_cut_head, container="mov", picture=(0.0, 1.3), sound_end=1.3),
    Lie(make=_cut_tail, container="mp4", picture=(0.0, 1.5)),
    Lie(make=_fragments, container="mp4", picture=(0.067, 2.067)),
    Lie(make=_fragments, container="mov", picture=(0.067, 2.067)),
    Lie(make=_stated_in_fragments, container="mp4", picture=(0.067, 2.067)),
    *(Lie(make=_stated, container=name) for name in ("mp4", "mov", "mkv", "avi")),
]


@pytest.fixture(scope="module", params=LIES, ids=str)
def lie(request: pytest.FixtureRequest) -> Lie:
    """Each lie in turn."""
    return request.param


@pytest.fixture(scope="module")
def lying(lie: Lie, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of that lie."""
    path = tmp_path_factory.mktemp("lies") / f"lie.{lie.container}"
    lie.make(path)
    return path


def test_the_picture_of_a_file_that_lies_is_measured(lie: Lie, lying: Path) -> None:
    facts = probe(lying)
    assert facts.video.start_seconds == pytest.approx(lie.picture[0], abs=0.05)
    assert facts.duration_seconds == pytest.approx(lie.picture[1], abs=0.07)
    assert facts.audio is not None
    assert facts.audio.end_seconds == pytest.approx(lie.sound_end, abs=0.1)
    assert (facts.video.frame_rate, facts.video.variable_frame_rate) == (30, False)
    assert facts.video.frame_count == len(footage.lumas(lying))


def test_fragments_are_measured_by_their_headers_unless_the_last_is_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "fragments.mp4"
    noise = ["-vf", "noise=alls=60:allf=t", "-qp", "10", "-movflags", "+frag_keyframe+empty_moov"]
    footage.make(*footage.pattern(6), *noise, *H264, str(path))
    assert _pictures(path, max_read_bytes=path.stat().st_size // 2) == 180
    os.truncate(path, path.stat().st_size * 3 // 4)
    cut = _pictures(path, max_read_bytes=1 << 30)
    assert cut == pytest.approx(len(footage.lumas(path)), abs=1)


def _pictures(path: Path, *, max_read_bytes: int) -> int:
    with path.open("rb") as file:
        [picture] = measure(InputFile(file.fileno(), range(0), max_read_bytes), "mov", "h264", 32)[
            "streams"
        ]
    return picture["packets"]


@pytest.mark.parametrize("name", ["early-index.mp4", "early-index.mov", "early-cues.mkv"])
def test_an_index_of_pictures_that_are_missing_is_refused(tmp_path: Path, name: str) -> None:
    whole, cut = tmp_path / f"whole-{name}", tmp_path / name
    early = ["-cues_to_front", "1"] if name.endswith("mkv") else ["-movflags", "+faststart"]
    _make(whole, *early)
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size * 2 // 3])
    assert refusal(cut).code == "truncated"


@pytest.mark.parametrize(
    ("container", "rate"),
    [
        *((name, Fraction(30000, 1001)) for name in ("mp4", "mkv", "webm", "ts", "avi")),
        *((name, Fraction(24000, 1001)) for name in ("mkv", "ts")),
        ("mkv", Fraction(15)),
    ],
)
def test_a_constant_rate_is_exact_in_every_container(
    tmp_path: Path, container: str, rate: Fraction
) -> None:
    path = tmp_path / f"constant.{container}"
    video = CODECS[container][:-2]
    footage.make(*footage.pattern(1.2, size="64x64", rate=str(rate)), *video, str(path))
    facts = probe(path)
    assert (facts.video.frame_rate, facts.video.variable_frame_rate) == (rate, False)
    assert constant_rate(facts.video) == rate


@pytest.mark.parametrize(
    ("pattern", "average", "expected"),
    [
        ("not(mod(n,4))+eq(mod(n,8),2)", 11.25, Fraction(24000, 1001)),
        ("not(mod(n,3))+eq(mod(n,30),1)", 11.0, Fraction(30000, 1001)),
        ("lt(mod(n,30),10)+not(mod(n,5))", 14.0, Fraction(30000, 1001)),
    ],
    ids=["every 4th and some between", "bursts of two", "bursts of ten"],
)
def test_a_slow_variable_rate_does_not_become_a_fast_clip(
    tmp_path: Path, pattern: str, average: float, expected: Fraction
) -> None:
    """Pictures of 30 a second of which some are left out, as screen recorders do."""
    path = tmp_path / "variable.mkv"
    select = f"select='{pattern}'"
    footage.make(
        *footage.pattern(8, size="64x64"), "-vf", select, "-fps_mode", "vfr", *H264, str(path)
    )
    video = probe(path).video
    assert video.variable_frame_rate
    assert float(video.frame_rate) == pytest.approx(average, rel=0.1)
    assert constant_rate(video) == expected


async def test_a_discontinuous_broadcast_is_cut_at_its_own_rate(tmp_path: Path) -> None:
    target = tmp_path / "clip.mp4"
    facts: MediaFacts = await make_clip(footage.CASES / "ts_discontinuity.ts", 2.0, 4.0, target)
    assert (facts.video.frame_rate, facts.video.frame_count) == (30, 60)


@pytest.mark.parametrize("share", [0.3, 0.45, 0.6])
@pytest.mark.parametrize("recording", ["avc1-sliced-sound.mp4", "vp9-sliced-sound.mp4"])
async def test_a_recording_that_ends_within_a_fragment_is_used_up_to_there(
    tmp_path: Path, recording: str, share: float
) -> None:
    """A recorder that crashed leaves it. Nothing in the file says that there was more."""
    whole, cut = RECORDINGS / recording, tmp_path / recording
    cut.write_bytes(whole.read_bytes()[: int(whole.stat().st_size * share)])
    facts = probe(cut)
    assert 0.5 < facts.duration_seconds < probe(whole).duration_seconds
    clip = await make_clip(cut, 0, facts.duration_seconds, tmp_path / "clip.mp4")
    assert clip.duration_seconds == pytest.approx(facts.duration_seconds, abs=0.05)


@pytest.mark.parametrize("flag", ["global_sidx", "dash"])
def test_fragments_whose_index_says_that_there_is_more_are_refused(
    tmp_path: Path, flag: str
) -> None:
    path = tmp_path / "indexed.mp4"
    footage.make(
        *footage.pattern(4), *H264, "-movflags", f"+frag_keyframe+empty_moov+{flag}", str(path)
    )
    assert probe(path).duration_seconds == pytest.approx(4, abs=0.1)
    os.truncate(path, path.stat().st_size * 3 // 4)
    assert refusal(path).code == "truncated"
