"""Small files that would use much time or memory, or would read other files, are stopped or cost little."""

import contextlib
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pipeline.ffmpeg import inputs, process
from pipeline.ffmpeg.failure import FfmpegFailed
from pipeline.ffmpeg.limits import Limits
from pipeline.selection import measure
from pipeline.selection.moments import choose
from pipeline.selection.scenes import analyse
from shared.media.probe import TOO_COMPLEX, MediaFacts, UnusableMedia, probe
from tests.support.media import footage, hostile
from tests.support.media.processes import used_by_children
from tests.worker.media.hostile.steps import make_clip, refusal

MAX_PROBE_CPU_SECONDS = 3
"""Of a small file: one second each for libav and MediaInfo, and the start of the process they are forked from."""


async def _decoded(path: Path, facts: MediaFacts, work_dir: Path) -> None:
    """Decode a file as every step does, even one that the probe would refuse."""
    arguments = [*inputs.read_file(path, facts, threads=1), "-map", "0:V:0", "-f", "null", "-"]
    limits = Limits.of([facts], facts.duration_seconds)
    await process.run(arguments, work_dir=work_dir, limits=limits, total_seconds=1)


def _complaints(input_: list[str]) -> str:
    """ffmpeg's error messages when it decodes the video of an input."""
    command = [process.executable(), "-nostdin", "-v", "error", *input_, "-map", "0:V:0"]
    done = subprocess.run([*command, "-f", "null", "-"], capture_output=True, check=True, text=True)
    return done.stderr


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """A listening socket on loopback."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        yield listener


@pytest.fixture
def beside(plain: Path, tmp_path: Path) -> Path:
    """A file in the same directory, which a hostile file tries to read."""
    return Path(shutil.copy(plain, tmp_path / "neighbour.mp4"))


@pytest.mark.parametrize("format_", list(hostile.playlists("")))
@pytest.mark.parametrize("container", ["mp4", "matroska", "avi", "mpegts"])
async def test_a_playlist_named_as_a_video_reads_no_file_beside_it(
    beside: Path, plain: Path, tmp_path: Path, format_: str, container: str
) -> None:
    path = tmp_path / "video.mp4"
    path.write_bytes(hostile.playlists(beside.name)[format_])
    assert refusal(path).code == "not_a_video"
    facts = probe(plain).model_copy(update={"container": container})
    with pytest.raises(FfmpegFailed) as failed:
        await _decoded(path, facts, tmp_path)
    assert failed.value.detail == "The video file is damaged and cannot be decoded."


@pytest.mark.parametrize("format_", list(hostile.playlists("")))
async def test_a_playlist_fetches_no_url(
    listener: socket.socket, plain: Path, tmp_path: Path, format_: str
) -> None:
    path = tmp_path / "video.mp4"
    address = f"http://127.0.0.1:{listener.getsockname()[1]}/part.ts"
    path.write_bytes(hostile.playlists(address)[format_])
    assert refusal(path).code == "not_a_video"
    with pytest.raises(FfmpegFailed):
        await _decoded(path, probe(plain), tmp_path)
    with pytest.raises(BlockingIOError):
        listener.accept()


async def test_an_hour_between_two_frames_costs_little(tmp_path: Path) -> None:
    """At a constant rate it would be 90,000 frames: over a minute of CPU time for 1.5 KB."""
    path = tmp_path / "hour.mp4"
    hostile.hour_in_a_kilobyte(path)
    assert path.stat().st_size < 1600
    with used_by_children() as used:
        analysis = await analyse(path, probe(path), tmp_path)
        facts = await make_clip(path, 1800, 1801, tmp_path / "clip.mp4")
    assert analysis.seconds(analysis.moments[-1].end_frame) == pytest.approx(3600, abs=1)
    assert facts.duration_seconds == pytest.approx(1)
    assert used.cpu_seconds < 10


@pytest.mark.parametrize("pictures", [100_000_000, 2**31 - 1, 2**32 - 1])
def test_an_index_that_claims_millions_of_frames_costs_little(
    tmp_path: Path, pictures: int
) -> None:
    path = tmp_path / "index.mp4"
    hostile.overstated_index(path, pictures)
    with used_by_children() as used:
        assert refusal(path).code in ("no_duration", "truncated", "unreadable", "too_complex")
    assert used.cpu_seconds < MAX_PROBE_CPU_SECONDS


def _cost_of_probe(path: Path) -> float:
    """The CPU seconds of a probe, whatever it says."""
    with used_by_children() as used, contextlib.suppress(UnusableMedia):
        probe(path)
    return used.cpu_seconds


@pytest.mark.parametrize("make", hostile.COSTLY, ids=lambda make: make.__name__)
def test_a_probe_costs_what_the_file_holds_and_not_what_it_claims(
    tmp_path: Path, make: Callable[[Path], None]
) -> None:
    path = tmp_path / "costly"
    make(path)
    assert _cost_of_probe(path) < MAX_PROBE_CPU_SECONDS + path.stat().st_size / (4 << 20)


@pytest.mark.parametrize("make", hostile.REPEATING, ids=lambda make: make.__name__)
def test_an_index_of_more_pictures_than_the_file_can_hold_is_refused_with_that_reason(
    tmp_path: Path, make: Callable[[Path], None]
) -> None:
    """ffmpeg would take minutes or gigabytes for what the probe refuses."""
    path = tmp_path / "repeating.mp4"
    make(path)
    refused = refusal(path)
    assert refused.code == "too_complex"
    assert refused.detail == TOO_COMPLEX


@pytest.mark.parametrize("container", ["mkv", "mp4"])
def test_a_hundred_thousand_chapters_cost_little_and_do_no_damage(
    tmp_path: Path, container: str
) -> None:
    path = tmp_path / f"chapters.{container}"
    hostile.many_chapters(path, 100_000)
    with used_by_children() as used:
        facts = probe(path)
    assert facts.duration_seconds == pytest.approx(1, abs=0.1)
    assert used.cpu_seconds < 1.5


async def test_a_gap_in_the_sound_is_not_filled_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The silence before the next sound would be 5 GB."""
    monkeypatch.setenv("FFMPEG_MEMORY_BYTES", str(400 << 20))
    path = tmp_path / "hole.mkv"
    hostile.gap_in_sound(path)
    facts = await make_clip(path, 0, 2, tmp_path / "clip.mp4")
    assert facts.video.frame_count == 60


async def test_forty_tracks_are_refused_by_the_probe_and_by_ffmpeg(
    plain: Path, tmp_path: Path
) -> None:
    path = tmp_path / "tracks.mp4"
    hostile.many_tracks(path, 40)
    refused = refusal(path)
    assert refused.code == "too_many_streams"
    assert refused.detail == "The file has 40 streams; the maximum is 16."
    with pytest.raises(FfmpegFailed) as failed:
        await _decoded(path, probe(plain), tmp_path)
    assert failed.value.detail == "The video file has too many streams."


async def test_more_frames_than_any_video_has_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The test lowers the limit, because the real one needs a file of two million frames, and minutes."""
    monkeypatch.setattr(measure, "MAX_FRAMES", 3000)
    path = tmp_path / "swarm.avi"
    hostile.many_tiny_frames(path, 5000)
    with pytest.raises(FfmpegFailed) as failed:
        await analyse(path, probe(path), tmp_path)
    assert failed.value.detail == "The video has too many frames."
    assert footage.names(tmp_path) == ["swarm.avi"]


async def test_clips_contain_what_a_file_plays_after_its_stated_end(
    tmp_path: Path,
) -> None:
    path, target = tmp_path / "longer.mkv", tmp_path / "clip.mp4"
    hostile.understated_duration(path, 1)
    facts = probe(path)
    analysis = await analyse(path, facts, tmp_path)
    parts = [part for selection in choose(analysis, 4, 2.0, 7) for part in selection]
    part = max(parts, key=lambda part: part.start)
    assert part.start > 1
    assert facts.duration_seconds == 8
    await make_clip(path, part.start, part.end, target)
    assert footage.numbers(target) == list(range(round(part.start * 30), round(part.end * 30)))


async def test_a_cut_after_the_last_frame_of_a_file_is_refused_with_a_reason(
    plain: Path, tmp_path: Path
) -> None:
    with pytest.raises(FfmpegFailed) as failed:
        await make_clip(plain, 30, 31, tmp_path / "clip.mp4")
    assert failed.value.detail.startswith("The video's picture ends at 2.000 seconds")
    assert not failed.value.transient


def test_a_title_of_megabytes_is_not_taken_into_memory(tmp_path: Path) -> None:
    path = tmp_path / "title.mkv"
    hostile.long_title(path, 8 << 20)
    assert refusal(path).code == "unreadable"


@pytest.mark.parametrize("codec", ["snow", "asv1", "zmbv"])
def test_a_codec_that_no_camera_writes_is_refused_with_a_reason(tmp_path: Path, codec: str) -> None:
    """Hundreds of decoders are never needed, and each is code that a file could reach."""
    path = tmp_path / "rare.avi"
    hostile.video_of(codec, path)
    refused = refusal(path)
    assert refused.code == "unsupported_codec"
    assert codec.upper() in refused.detail


def test_an_enhancement_layer_in_a_frame_is_not_decoded(tmp_path: Path) -> None:
    path = tmp_path / "enhanced.mp4"
    hostile.enhanced_picture(path)
    arguments = inputs.read_file(path, probe(path), threads=1)
    assert "lcevc" not in _complaints(arguments)
    option = arguments.index("-export_side_data")
    assert "lcevc" in _complaints([*arguments[:option], *arguments[option + 2 :]])


def test_every_decoder_on_the_list_exists() -> None:
    assert set(inputs.DECODERS) <= hostile.decoder_names()


def test_every_input_is_confined(plain: Path) -> None:
    arguments = inputs.read_file(plain, probe(plain), threads=1)
    options = dict(zip(arguments[::2], arguments[1::2], strict=True))
    assert options["-protocol_whitelist"] == "file"
    assert options["-format_whitelist"] == options["-f"] == "mov"
    assert "h264" in options["-codec_whitelist"].split(",")
    assert options["-export_side_data"] == "enhancements"
    assert (options["-max_streams"], options["-max_pixels"]) == ("32", "35389440")
    assert list(options)[-1] == "-i"
