"""The probe reports a file's facts, or refuses it with a reason that a user understands."""

import json
import shutil
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import pytest

from local.programs import CHECKOUT
from shared.media.probe import MediaFacts, UnusableMedia, probe, probe_async
from shared.media.readers.children import reading
from tests.support.media import footage
from tests.support.media.kinds import X264, Kind, make_kind
from tests.worker.media.hostile.steps import refusal


def _refusal(path: Path) -> tuple[str, str]:
    refused = refusal(path)
    return refused.code, refused.detail


def test_each_kind_of_file_is_described_as_a_viewer_sees_it(kind: Kind, file_of_kind: Path) -> None:
    facts = probe(file_of_kind)
    assert (facts.video.width, facts.video.height) == (kind.width, kind.height)
    assert facts.duration_seconds == pytest.approx(kind.seconds, abs=0.1)
    assert facts.size_bytes == file_of_kind.stat().st_size
    assert (facts.audio is not None) == kind.sound


def test_a_plain_file_is_described_in_full(plain: Path) -> None:
    facts = probe(plain)
    assert facts.container == "mp4"
    assert (facts.video.codec, facts.video.bit_depth) == ("AVC", 8)
    assert (facts.video.frame_rate, facts.video.frame_count) == (Fraction(30), 60)
    assert (facts.video.rotation, facts.video.variable_frame_rate) == (0, False)
    assert facts.audio is not None
    assert (facts.audio.codec, facts.audio.channels, facts.audio.sample_rate) == ("aac", 1, 44100)
    assert facts.audio.end_seconds == pytest.approx(2, abs=0.03)


def test_broadcast_rates_are_exact(tmp_path: Path) -> None:
    for rate in (Fraction(24000, 1001), Fraction(30000, 1001), Fraction(60000, 1001)):
        path = tmp_path / "broadcast.mp4"
        footage.make(*footage.pattern(0.5, rate=str(rate)), *X264, str(path))
        assert probe(path).video.frame_rate == rate


def test_hdr_ten_bit_rotation_and_variable_rate_are_seen(tmp_path: Path) -> None:
    deep = probe(make_kind("ten-bit-hdr-hevc.mp4", tmp_path)).video
    assert (deep.hdr, deep.bit_depth) == (True, 10)
    assert probe(make_kind("portrait-by-rotation.mp4", tmp_path)).video.rotation in (90, 270)
    assert probe(make_kind("variable-frame-rate.mp4", tmp_path)).video.variable_frame_rate


def test_facts_survive_json(plain: Path) -> None:
    facts = probe(plain)
    assert MediaFacts.model_validate_json(facts.model_dump_json()) == facts


async def test_the_async_probe_gives_the_same_results(plain: Path, tmp_path: Path) -> None:
    assert await probe_async(plain) == probe(plain)
    (tmp_path / "empty.mp4").touch()
    with pytest.raises(UnusableMedia) as refused:
        await probe_async(tmp_path / "empty.mp4")
    assert refused.value.code == "empty_file"


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "empty.mp4"
    path.touch()
    assert _refusal(path) == ("empty_file", "The file is empty.")


@pytest.mark.parametrize(
    "text",
    [
        b"hello, this is no video\n" * 50,
        b"\x00" * 5000,
        b"\x89PNG\r\n\x1a\n" + b"\x00" * 100,
        b"G" * 5000 + b"H",
    ],
    ids=["text", "zeros", "picture", "letters that look like a stream"],
)
def test_a_file_that_is_no_video_is_refused_under_any_name(tmp_path: Path, text: bytes) -> None:
    path = tmp_path / "video.mp4"
    path.write_bytes(text)
    code, detail = _refusal(path)
    assert code == "not_a_video"
    assert "MP4" in detail


@pytest.mark.parametrize(
    "text",
    [
        "ffconcat version 1.0\nfile plain.mp4\n",
        "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:2,\nplain.mp4\n#EXT-X-ENDLIST\n",
        '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"/>',
    ],
    ids=["ffconcat", "hls", "dash"],
)
def test_a_playlist_named_mp4_does_not_read_the_file_beside_it(
    plain: Path, tmp_path: Path, text: str
) -> None:
    shutil.copy(plain, tmp_path / "plain.mp4")
    path = tmp_path / "video.mp4"
    path.write_text(text)
    assert _refusal(path)[0] == "not_a_video"


def test_mediainfo_cannot_open_a_file_that_the_video_names(plain: Path, tmp_path: Path) -> None:
    """The second defence: a playlist that passed the magic bytes could still open no file."""
    playlist = tmp_path / "list.m3u8"
    playlist.write_text(f"#EXTM3U\n#EXTINF:2,\n{plain}\n#EXT-X-ENDLIST\n")
    with playlist.open("rb") as file, reading(file, "mediainfo") as child:
        tracks = json.loads(child.report())
    assert [track["track_type"] for track in tracks] == ["General"]


def test_libav_cannot_open_a_file_that_the_video_names(plain: Path, tmp_path: Path) -> None:
    playlist = tmp_path / "list.txt"
    playlist.write_text(f"ffconcat version 1.0\nfile {plain}\n")
    for demuxer in ("concat", "mov"):
        with playlist.open("rb") as file, reading(file, "libav", demuxer, 32, 0, 0) as child:
            assert not json.loads(child.report())["readable"]


@pytest.mark.parametrize("name", ["late-index.mp4", "early-index.mp4", "cut.mkv", "cut.avi"])
def test_a_truncated_file_is_refused(plain: Path, tmp_path: Path, name: str) -> None:
    whole, cut = tmp_path / f"whole-{name}", tmp_path / name
    flags = ["-movflags", "+faststart"] if name == "early-index.mp4" else []
    codec = ["-c:v", "mpeg4"] if name.endswith(".avi") else ["-c:v", "copy"]
    footage.make("-i", str(plain), *codec, "-c:a", "libmp3lame", *flags, str(whole))
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size * 2 // 3])
    code, detail = _refusal(cut)
    assert code == "truncated"
    assert "file is incomplete" in detail


def test_a_truncated_recording_is_accepted_up_to_its_end(tmp_path: Path) -> None:
    whole = make_kind("browser-recording.webm", tmp_path)
    cut = tmp_path / "cut.webm"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    assert 0.5 < probe(cut).duration_seconds < 1.6


def test_sound_alone_is_refused(plain: Path, tmp_path: Path) -> None:
    path = tmp_path / "sound.mp4"
    footage.make("-i", str(plain), "-vn", "-c:a", "copy", str(path))
    assert _refusal(path) == ("no_video", "The file contains sound but no video.")


def test_a_file_without_any_frame_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "none.mp4"
    footage.make(*footage.pattern(1), "-frames:v", "0", *X264, str(path))
    assert _refusal(path)[0] in ("no_video", "no_duration")


def test_a_picture_beyond_the_limit_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "huge.mp4"
    source = ["-f", "lavfi", "-i", "color=size=8208x32:rate=5:duration=0.4"]
    footage.make(*source, *X264, str(path))
    assert _refusal(path) == (
        "too_large",
        "The video is 8208x32 pixels; the maximum is 8192x8192.",
    )


def test_too_many_streams_are_refused(plain: Path, tmp_path: Path) -> None:
    path = tmp_path / "many.mkv"
    footage.make("-i", str(plain), *["-map", "0:v"], *["-map", "0:a"] * 16, "-c", "copy", str(path))
    assert _refusal(path) == (
        "too_many_streams",
        "The file has 17 streams; the maximum is 16.",
    )


def test_a_missing_file_raises_oserror(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        probe(tmp_path / "nowhere.mp4")


def test_the_process_that_probes_does_not_load_libav() -> None:
    """Only the confined child processes read files of strangers."""
    check = "import sys, shared.media.probe; sys.exit('av' in sys.modules)"
    subprocess.run([sys.executable, "-c", check], cwd=CHECKOUT, check=True)
