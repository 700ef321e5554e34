"""Files of discs, Windows, Flash and old phones: their facts, and cuts that show the pictures of their time."""

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest

from local.programs import CHECKOUT
from pipeline.encoding.canvas import Canvas
from pipeline.encoding.encode import encode_clip
from pipeline.encoding.reading.cut import Cut
from pipeline.encoding.reading.jumps import close_jumps
from shared.media.probe import probe
from tests.support.media import footage
from tests.support.media.kinds import X264
from tests.worker.media.hostile.steps import make_clip, make_raw_clip

CASES = CHECKOUT / "tests" / "worker" / "media" / "cases"
SECONDS = 20
AUDIBLE = 2000  # of 32767
RARE_KEYFRAMES = ("-b:v", "400k", "-g", "90")


@dataclass(frozen=True, kw_only=True)
class Old:
    """How to make numbered footage in a container, and its frame rate."""

    options: tuple[str, ...]
    rate: int = 30


OLD = {
    "disc.vob": Old(
        options=("-c:v", "mpeg2video", "-bf", "2", "-c:a", "ac3", "-f", "dvd"), rate=25
    ),
    "disc.mpg": Old(options=("-c:v", "mpeg1video", "-bf", "2", "-c:a", "mp2")),
    "windows.wmv": Old(options=("-c:v", "wmv2", "-c:a", "wmav2")),
    "late.wmv": Old(options=("-c:v", "wmv2", "-c:a", "wmav2", "-output_ts_offset", "12.345")),
    "flash.flv": Old(options=(*X264, "-bf", "3", "-c:a", "aac")),
    "bare.flv": Old(
        options=("-c:v", "flv", "-c:a", "libmp3lame", "-flvflags", "no_metadata", "-f", "flv")
    ),
    "open.ogv": Old(options=("-c:v", "libtheora", "-c:a", "libvorbis")),
    "phone.3g2": Old(options=("-c:v", "mpeg4", "-c:a", "aac")),
}


@pytest.fixture(scope="module", params=OLD)
def old(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, int]:
    """A file in each old container in turn, and its frame rate."""
    kind = OLD[request.param]
    path = tmp_path_factory.mktemp("old") / request.param
    source = (*footage.numbered(SECONDS, rate=kind.rate), *footage.tone(SECONDS))
    footage.make(*source, *RARE_KEYFRAMES, *kind.options, str(path))
    return path, kind.rate


def test_its_facts_are_those_of_its_pictures(old: tuple[Path, int]) -> None:
    path, rate = old
    facts = probe(path)
    assert (facts.video.frame_rate, facts.video.variable_frame_rate) == (rate, False)
    begun = facts.video.start_seconds
    assert 0 <= begun < 0.1
    assert facts.duration_seconds == pytest.approx(begun + SECONDS, abs=0.01)
    assert facts.audio is not None
    assert facts.audio.decodable


async def test_cuts_show_the_pictures_of_their_time(old: tuple[Path, int], tmp_path: Path) -> None:
    """The first one from the beginning, one behind a rare keyframe, one at the end, joined."""
    path, rate = old
    facts, clip = probe(path), tmp_path / "clip.mp4"
    starts = (0, 13.9, SECONDS - 1.5)
    cuts = [Cut(path=path, facts=facts, start=start, end=start + 1) for start in starts]

    await encode_clip(cuts, clip, canvas=Canvas.of(facts), work_dir=tmp_path)

    begun = facts.video.start_seconds
    times = [start + frame / rate for start in starts for frame in range(rate)]
    wanted = [max(0, (time - begun) * rate) for time in times]
    assert footage.numbers(clip) == pytest.approx(wanted, abs=0.51)
    sound = footage.samples(clip)
    assert all(max(sound[second * 48000 :][:48000]) > AUDIBLE for second in range(len(starts)))


@pytest.mark.parametrize(
    ("name", "seconds"),
    [("sparse.flv", 6.03), ("old.wmv", 5.04), ("dvd.mpg", 5.01), ("old.ogv", 5.0)],
)
async def test_files_of_other_makers_become_clips(
    tmp_path: Path, name: str, seconds: float
) -> None:
    facts = probe(CASES / name)
    assert facts.duration_seconds == pytest.approx(seconds, abs=0.02)
    assert (facts.video.width, facts.video.height, facts.video.frame_rate) == (320, 180, 30)
    made = await make_raw_clip(CASES / name, 2, tmp_path / "clip.mp4")
    assert made.duration_seconds == pytest.approx(2, abs=0.04)
    assert made.audio is not None


async def test_a_disc_whose_clock_begins_anew_is_one_film(tmp_path: Path) -> None:
    """As at the borders of a DVD's cells. ffmpeg closes jumps of more than ten seconds."""
    part, film, clip = (tmp_path / name for name in ("part.vob", "film.vob", "clip.mp4"))
    source = (*footage.numbered(15, rate=25), *footage.tone(15))
    footage.make(*source, *OLD["disc.vob"].options, str(part))
    film.write_bytes(part.read_bytes() * 2)
    assert probe(film).duration_seconds == pytest.approx(30, abs=0.15)
    steady = tmp_path / "steady.vob"
    await close_jumps(film, probe(film), steady, work_dir=tmp_path)
    await make_clip(steady, 20, 21, clip)
    assert footage.numbers(clip) == pytest.approx(range(5 * 25, 6 * 25), abs=1)


async def test_a_part_of_a_disc_begins_and_ends_anywhere(tmp_path: Path) -> None:
    """Discs store a film in files of a gigabyte, which are cut between two sectors."""
    film, part = tmp_path / "film.vob", tmp_path / "part.vob"
    source = (*footage.numbered(9, rate=25), *footage.tone(9))
    footage.make(*source, *OLD["disc.vob"].options, str(film))
    sectors = film.stat().st_size // 2048
    part.write_bytes(film.read_bytes()[sectors // 3 * 2048 : sectors * 2 // 3 * 2048 - 700])

    facts = probe(part)
    await make_clip(
        part, facts.duration_seconds - 1.2, facts.duration_seconds - 0.2, tmp_path / "clip.mp4"
    )

    assert 2 < facts.duration_seconds < 5
    shown = footage.numbers(tmp_path / "clip.mp4")
    assert [after - before for before, after in pairwise(shown)] == pytest.approx([1] * 24, abs=1)
    assert 3 * 25 < shown[0] < 6 * 25


def test_the_oblong_interlaced_picture_of_a_disc_is_seen_as_on_a_screen(tmp_path: Path) -> None:
    path = tmp_path / "wide.vob"
    source = footage.pattern(0.4, size="720x576", rate=25)
    wide = ("-vf", "setsar=64/45,setfield=tff", "-flags", "+ildct+ilme")
    footage.make(*source, *wide, "-c:v", "mpeg2video", "-b:v", "4M", "-f", "dvd", str(path))
    video = probe(path).video
    assert (video.width, video.height, video.interlaced) == (1024, 576, True)


async def test_the_video_of_an_old_phone_is_heard_and_seen(tmp_path: Path) -> None:
    path = tmp_path / "phone.3gp"
    source = (*footage.pattern(2, size="176x144", rate=15), *footage.tone(2))
    sound = ("-c:a", "libopencore_amrnb", "-ar", "8000", "-ac", "1")
    footage.make(*source, "-c:v", "h263", *sound, str(path))
    clip = await make_clip(path, 0, 2, tmp_path / "clip.mp4")
    assert clip.audio is not None
    assert max(footage.samples(tmp_path / "clip.mp4")) > AUDIBLE
