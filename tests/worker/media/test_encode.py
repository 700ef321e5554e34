"""A clip shows exactly the requested frames, in sync with their sound."""

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import pytest

from pipeline.encoding.canvas import Canvas
from pipeline.encoding.encode import Cut, encode_clip, frame_counts
from pipeline.encoding.verify_output import verify_output
from pipeline.ffmpeg.failure import FfmpegFailed
from shared.media.probe import MediaFacts, probe
from tests.support.media import footage
from tests.support.media.kinds import X264

Times = Sequence[tuple[float, float]]


def _cuts(path: Path, times: Times) -> list[Cut]:
    facts = probe(path)
    return [Cut(path=path, facts=facts, start=start, end=end) for start, end in times]


async def _clip(
    tmp_path: Path, cuts: Sequence[Cut], *, mute: bool = False
) -> tuple[Path, MediaFacts]:
    target = tmp_path / "clip.mp4"
    canvas = Canvas.of(cuts[0].facts)
    facts = await encode_clip(cuts, target, canvas=canvas, work_dir=tmp_path, mute=mute)
    return target, facts


def _range(start: int, end: int) -> list[int]:
    return list(range(start, end))


@pytest.mark.parametrize("name", ["plain.mp4", "plain.mov", "plain.mkv", "plain.webm", "plain.ts"])
async def test_joins_contain_exactly_the_requested_frames(
    numbered: Path, tmp_path: Path, name: str
) -> None:
    """Across keyframes, backwards, down to two frames; the first and the last frame too."""
    path = tmp_path / name
    vp9 = ["-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-c:a", "libopus"]
    # A transport stream starts with sound; without sound, time 0 is the first frame, as in other containers.
    codec = {".webm": vp9, ".ts": ["-c:v", "copy", "-an"]}.get(path.suffix, ["-c", "copy"])
    footage.make("-i", str(numbered), *codec, str(path))
    cuts = _cuts(path, [(5, 6), (0, 0.5), (8.7, 8.7 + 2 / 30), (2.9, 3.1), (9.5, 10)])
    clip, facts = await _clip(tmp_path, cuts)
    expected = [*_range(150, 180), *_range(0, 15), 261, 262, *_range(87, 93), *_range(285, 300)]
    assert footage.numbers(clip) == expected
    assert facts.video.frame_count == len(expected)


async def test_a_broadcast_rate_is_kept_to_the_frame(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    footage.make(*footage.numbered(15, rate="24000/1001"), *X264, str(path))
    marks = [(300, 324), (7, 9), (101, 133)]
    cuts = _cuts(path, [(a * 1001 / 24000, b * 1001 / 24000) for a, b in marks])
    clip, facts = await _clip(tmp_path, cuts)
    assert footage.numbers(clip) == [frame for a, b in marks for frame in _range(a, b)]
    assert facts.video.frame_rate == Fraction(24000, 1001)


async def test_a_fast_source_is_halved(tmp_path: Path) -> None:
    path = tmp_path / "fast.mp4"
    footage.make(*footage.numbered(2, rate=120), *X264, str(path))
    clip, facts = await _clip(tmp_path, _cuts(path, [(0.5, 1.0)]))
    assert facts.video.frame_rate == Fraction(60)
    assert footage.numbers(clip) == list(range(60, 120, 2))


async def test_a_variable_rate_becomes_constant_and_shows_what_is_on_screen(tmp_path: Path) -> None:
    """Every third frame from 2 s on, none from 5 s to 8 s: the frame before stays on screen."""
    path = tmp_path / "variable.mp4"
    keep = "select='lt(n,60)+not(mod(n,3))*(lt(n,150)+gte(n,240))'"
    footage.make(*footage.numbered(10), "-vf", keep, "-fps_mode", "vfr", *X264, str(path))
    canvas = Canvas(width=192, height=64, frame_rate=Fraction(30))
    clip = tmp_path / "clip.mp4"
    cuts = _cuts(path, [(1.9, 2.2), (6.0, 6.1), (7.9, 8.1)])
    facts = await encode_clip(cuts, clip, canvas=canvas, work_dir=tmp_path)
    still, late = [147] * 3, [*[147] * 3, *[240] * 3]
    assert footage.numbers(clip) == [57, 58, 59, 60, 60, 60, 63, 63, 63, *still, *late]
    assert not facts.video.variable_frame_rate


async def test_cuts_of_different_sources_join_on_one_canvas(numbered: Path, tmp_path: Path) -> None:
    """Sources of another rate, size and sample rate, and one without sound: the clip keeps one format throughout."""
    other = tmp_path / "other.webm"
    vp9 = ["-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8"]
    footage.make(*footage.pattern(2, size="90x160", rate=25), *vp9, str(other))
    cuts = [*_cuts(numbered, [(1, 2)]), *_cuts(other, [(0, 1)]), *_cuts(numbered, [(3, 4)])]
    clip, facts = await _clip(tmp_path, cuts)
    shown = footage.numbers(clip)
    assert len(shown) == 90
    assert (shown[:30], shown[60:]) == (_range(30, 60), _range(90, 120))
    assert (facts.video.width, facts.video.height) == (192, 64)


async def test_sound_is_in_sync_with_the_picture_at_every_join(tmp_path: Path) -> None:
    """A flash and a beep at each whole second, cut so that every join could lose some sound."""
    path = tmp_path / "clapper.mp4"
    flash = "geq=lum='if(lt(mod(N\\,30)\\,3)\\,235\\,16)':cb=128:cr=128,format=yuv420p"
    picture = ["-f", "lavfi", "-i", f"color=size=64x64:rate=30:duration=70,{flash}"]
    beep = "aevalsrc=if(lt(mod(t\\,1)\\,0.1)\\,0.5*sin(2*PI*880*t)\\,0):s=44100:d=70"
    footage.make(*picture, "-f", "lavfi", "-i", beep, *X264, "-c:a", "aac", str(path))
    times = [(second + 0.51, second + 1.51 + 0.017 * second) for second in range(0, 60, 4)]
    times.append((8.25, 52.25))
    clip, facts = await _clip(tmp_path, _cuts(path, times))
    assert facts.duration_seconds > 60
    lumas = footage.lumas(clip)
    flashes = [
        index / 30
        for index in range(1, len(lumas))
        if lumas[index] > 128 and max(lumas[max(0, index - 3) : index]) < 128
    ]
    beeps = footage.onsets(footage.samples(clip))
    assert len(flashes) >= 50
    assert len(beeps) == len(flashes)
    # half a frame, and the codec's smearing
    assert max(abs(a - b) for a, b in zip(flashes, beeps, strict=True)) < 0.025
    assert abs(flashes[-1] - beeps[-1]) < 0.025


async def test_sound_is_as_long_as_the_picture(numbered: Path, tmp_path: Path) -> None:
    clip, facts = await _clip(tmp_path, _cuts(numbered, [(1, 2.37), (3, 3.1), (4, 5.55)]))
    frames = round((1.37 + 0.1 + 1.55) * 30)
    assert facts.video.frame_count == frames
    seconds = len(footage.samples(clip)) / 48000
    # an audio packet has 1024 samples
    assert seconds == pytest.approx(frames / 30, abs=1024 / 48000)


async def test_sound_that_ends_early_becomes_silence(tmp_path: Path) -> None:
    path = tmp_path / "short-sound.mp4"
    footage.make(*footage.numbered(4), *footage.tone(1), *X264, "-c:a", "aac", str(path))
    clip, facts = await _clip(tmp_path, _cuts(path, [(0.5, 1.5), (3, 4)]))
    sound = footage.samples(clip)
    assert facts.video.frame_count == 60
    assert max(sound[4800:20000]) > footage.LOUD / 2
    assert max(map(abs, sound[30000:])) < 20
    assert len(sound) / 48000 == pytest.approx(2, abs=1024 / 48000)


async def test_sound_that_starts_late_or_has_a_gap_stays_in_place(tmp_path: Path) -> None:
    """The file has only beeps at 1.5 s and 3.5 s, with no packets before or between them."""
    path = tmp_path / "holes.mkv"
    beep = "aevalsrc=if(lt(mod(t\\,2)\\,0.1)\\,0.5*sin(2*PI*880*t)\\,0):s=48000:d=4"
    keep = "aselect='lt(mod(t,2),0.2)'"
    sound = ["-itsoffset", "1.5", "-f", "lavfi", "-i", f"{beep},{keep}"]
    footage.make(*footage.numbered(5), *sound, *X264, "-c:a", "pcm_s16le", str(path))
    clip, _ = await _clip(tmp_path, _cuts(path, [(0.5, 4.5), (3.0, 4.0)]))
    beeps = footage.onsets(footage.samples(clip))
    assert beeps == pytest.approx([1.0, 3.0, 4.5], abs=0.025)


async def test_a_picture_that_ends_early_repeats_its_last_frame(tmp_path: Path) -> None:
    path = tmp_path / "short-picture.mkv"
    footage.make(*footage.numbered(1), *footage.tone(3), *X264, "-c:a", "aac", str(path))
    clip, _ = await _clip(tmp_path, _cuts(path, [(0.5, 2), (2.5, 3)]))
    assert footage.numbers(clip) == [*_range(15, 30), *[29] * 45]


@pytest.mark.parametrize("mute", [True, False], ids=["muted", "with its sound"])
async def test_mute_gives_a_silent_track(plain: Path, tmp_path: Path, mute: bool) -> None:
    clip, facts = await _clip(tmp_path, _cuts(plain, [(0.5, 1.5)]), mute=mute)
    assert facts.audio is not None
    assert (facts.audio.channels, facts.audio.sample_rate) == (2, 48000)
    assert (max(map(abs, footage.samples(clip))) == 0) == mute


async def test_joins_do_not_click(tmp_path: Path) -> None:
    """A constant offset gives the worst possible click: its step at a join must be spread over milliseconds."""
    path = tmp_path / "offset.mkv"
    sound = ["-f", "lavfi", "-i", "aevalsrc=if(lt(mod(t\\,2)\\,1)\\,0.5\\,-0.5):s=48000:d=4"]
    footage.make(*footage.numbered(4), *sound, *X264, "-c:a", "pcm_s16le", str(path))
    clip, _ = await _clip(tmp_path, _cuts(path, [(0.2, 0.8), (1.2, 1.8)]))
    join = footage.samples(clip)[round(0.6 * 48000) - 480 : round(0.6 * 48000) + 480]
    steps = [abs(after - before) for before, after in pairwise(join)]
    assert max(map(abs, join)) > 10000
    assert max(steps) < 2000


async def test_a_recording_that_changes_its_size_keeps_its_frames(tmp_path: Path) -> None:
    """As screen and call recordings do."""
    parts: list[bytes] = []
    for index, size in enumerate(("320x180", "160x90")):
        part = tmp_path / f"part{index}.ts"
        shift = ["-output_ts_offset", str(index * 2)]
        source = ["-f", "lavfi", "-i", f"color=gray:size={size}:rate=25:duration=2"]
        footage.make(*source, *X264, *shift, "-muxdelay", "0", str(part))
        parts.append(part.read_bytes())
    path = tmp_path / "changing.ts"
    path.write_bytes(b"".join(parts))
    clip, facts = await _clip(tmp_path, _cuts(path, [(1, 3)]))
    assert facts.video.frame_count == round(2 * facts.video.frame_rate)
    assert set(footage.lumas(clip)) <= {125, 126, 127, 128, 129}


async def test_browsers_can_play_the_file(plain: Path, tmp_path: Path) -> None:
    clip, facts = await _clip(tmp_path, _cuts(plain, [(0, 1)]))
    assert (facts.container, facts.video.codec, facts.video.bit_depth) == ("mp4", "AVC", 8)
    assert facts.audio is not None
    assert facts.audio.codec == "aac"
    assert not facts.video.variable_frame_rate
    assert (facts.video.transfer, facts.video.matrix) == ("BT.709", "BT.709")
    stream = footage.described(clip)
    assert "h264 (High)" in stream
    assert "yuv420p(tv, bt709, progressive)" in stream
    assert "[SAR 1:1 DAR 16:9]" in stream
    data = clip.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")


async def test_no_metadata_of_the_sources_is_copied(plain: Path, tmp_path: Path) -> None:
    path = tmp_path / "labelled.mp4"
    labels = ["-metadata", "title=private", "-metadata", "location=+48.1+011.5/"]
    footage.make("-i", str(plain), "-c", "copy", *labels, str(path))
    clip, _ = await _clip(tmp_path, _cuts(path, [(0, 1)]))
    assert b"private" in path.read_bytes()
    assert b"private" not in clip.read_bytes()
    assert b"+48.1" not in clip.read_bytes()


async def test_progress_ends_at_one_and_only_the_clip_remains(plain: Path, tmp_path: Path) -> None:
    seen: list[float] = []

    async def note(fraction: float) -> None:
        seen.append(fraction)

    cuts = _cuts(plain, [(0, 2)])
    canvas = Canvas.of(cuts[0].facts)
    work = tmp_path / "work"
    work.mkdir()
    await encode_clip(cuts, work / "c.mp4", canvas=canvas, work_dir=work, on_progress=note)
    assert seen == sorted(seen)
    assert seen[-1] == 1.0
    assert footage.names(work) == ["c.mp4"]


async def test_stopping_leaves_no_file(plain: Path, tmp_path: Path) -> None:
    async def stop(_: float) -> None:
        raise LookupError

    cuts = _cuts(plain, [(0, 2)])
    canvas = Canvas.of(cuts[0].facts)
    with pytest.raises(LookupError):
        await encode_clip(
            cuts, tmp_path / "c.mp4", canvas=canvas, work_dir=tmp_path, on_progress=stop
        )
    assert footage.names(tmp_path) == []


async def test_a_failure_leaves_no_file(plain: Path, tmp_path: Path) -> None:
    facts = probe(plain)
    broken = tmp_path / "broken.mp4"
    footage.cut_off(plain, broken)
    cuts = [Cut(path=broken, facts=facts, start=0, end=1)]
    with pytest.raises(FfmpegFailed) as failed:
        await _clip(tmp_path, cuts)
    assert failed.value.detail == "The video file is damaged and cannot be decoded."
    assert footage.names(tmp_path) == ["broken.mp4"]


async def test_a_result_with_no_frame_or_too_few_is_a_failure(plain: Path, tmp_path: Path) -> None:
    """ffmpeg skips what it cannot decode and exits with 0."""
    empty = tmp_path / "empty.mp4"
    footage.make(*footage.pattern(1), "-frames:v", "0", *X264, str(empty))
    with pytest.raises(FfmpegFailed, match="contains no frame that can be decoded"):
        await verify_output(empty, 30)
    with pytest.raises(FfmpegFailed, match="Part of the video could not be decoded"):
        await verify_output(plain, 61)
    assert (await verify_output(plain, 60)).video.frame_count == 60


def test_rounding_does_not_add_up_over_many_cuts(plain: Path) -> None:
    times = [(index * 0.05, index * 0.05 + 0.0501) for index in range(30)]
    counts = frame_counts(_cuts(plain, times), Fraction(30))
    assert sum(counts) == round(30 * 0.0501 * 30)
    assert set(counts) <= {1, 2}


def test_a_cut_without_a_frame_is_refused(plain: Path) -> None:
    with pytest.raises(ValueError, match="cut 1 is shorter than a frame"):
        frame_counts(_cuts(plain, [(0, 1), (1, 1.001)]), Fraction(30))
    with pytest.raises(ValueError, match="at least one cut"):
        frame_counts([], Fraction(30))
    with pytest.raises(ValueError, match="runs forward"):
        _cuts(plain, [(1, 1)])
