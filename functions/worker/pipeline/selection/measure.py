"""Measures a whole source in one fast pass at low resolution.

    decode --+-- 160x90, every frame --+-> motion and brightness (signalstats)
             |                         '-> 32x18, 8 a second ---> miniatures
             +-- 320x180, 5 a second ----> sharpness (siti)
             +-- sound ------------------> loudness (ebur128)

ffmpeg writes each measurement to a file, and Python only reads them. Decoding is most of the cost.
"""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pipeline.encoding.reading.seeking import KEEP_TIME_STAMPS, clock_options
from pipeline.ffmpeg import process
from pipeline.ffmpeg.inputs import read_file
from pipeline.ffmpeg.limits import Limits
from pipeline.ffmpeg.process import OnProgress
from pipeline.selection.series import (
    MINIATURE_HEIGHT,
    MINIATURE_WIDTH,
    Miniatures,
    Series,
    open_miniatures,
    read_series,
)
from shared.media.probe import MediaFacts

MAX_FRAMES = 2_000_000
"""4 hours at 60 frames a second are 0.9 million. Each frame is a line in a file, and numbers in Python's memory."""
_DURATION_MARGIN_SECONDS = 10  # a file may play a little longer than it states

# select, not fps: fps would fill hours between two frames of a malicious file with copies.
_VIDEO = (
    "[0:V:0]split[every][some];"
    "[every]scale=160:90:flags=fast_bilinear:out_range=tv,format=yuv420p,signalstats,settb=AVTB,"
    "metadata=print:key=lavfi.signalstats.YDIF:file=motion.txt,"
    "metadata=print:key=lavfi.signalstats.YAVG:file=luma.txt,"
    "select='isnan(prev_selected_t)+gte(t-prev_selected_t,0.119)',"
    f"scale={MINIATURE_WIDTH}:{MINIATURE_HEIGHT}:flags=area,format=gray,"
    "metadata=print:key=lavfi.signalstats.YAVG:file=miniatures.txt[miniatures];"
    "[some]select='isnan(prev_selected_t)+gte(t-prev_selected_t,0.199)',scale=320:180:flags=area:out_range=tv,format=yuv420p,siti,settb=AVTB,"
    "metadata=print:key=lavfi.siti.si:file=sharpness.txt[details]"
)
_AUDIO = (
    # A damaged track may give nothing at all, which is an error without the padding.
    ";[0:a:{number}]apad=pad_len=1,ebur128=metadata=1:framelog=quiet,asettb=AVTB,"
    "ametadata=print:key=lavfi.r128.M:file=loudness.txt[sound]"
)
_SERIES = ("motion", "luma", "sharpness", "miniatures", "loudness")
_PIXELS = "miniatures.gray"


@dataclass(frozen=True, kw_only=True, slots=True)
class Measurements:
    """`motion`: mean change from the frame before, 0..255. `luma`: mean brightness, 16 is black.

    `sharpness`: spatial information of ITU-T P.910. `loudness`: momentary LUFS, None without sound.
    """

    motion: Series
    luma: Series
    sharpness: Series
    loudness: Series | None
    miniatures: Miniatures


async def measure(
    path: Path,
    facts: MediaFacts,
    work_dir: Path,
    *,
    threads: int,
    on_progress: OnProgress | None,
) -> None:
    """Write the measurements of the source at `path` into `work_dir`.

    Raises:
        FfmpegFailed: the source cannot be decoded.

    """
    sound = _AUDIO.format(number=facts.audio.number) if facts.audio else ""
    await process.run(
        _arguments(path, facts, threads),
        graph=_VIDEO + sound,
        work_dir=work_dir,
        limits=Limits.of([facts], facts.duration_seconds),
        total_seconds=facts.duration_seconds,
        on_progress=on_progress,
    )


@contextmanager
def opened(work_dir: Path) -> Generator[Measurements]:
    """The measurements in `work_dir`. Raises ValueError if a time or a value is no number."""
    series = {
        name: read_series(_file(work_dir, name))
        for name in _SERIES
        if _file(work_dir, name).exists()
    }
    times = series["miniatures"].times
    with open_miniatures(times, work_dir / _PIXELS) as miniatures:
        yield Measurements(
            motion=series["motion"],
            luma=series["luma"],
            sharpness=series["sharpness"],
            loudness=series.get("loudness"),
            miniatures=miniatures,
        )


def remove(work_dir: Path) -> None:
    """Remove the files of the measurements."""
    for file in (*(_file(work_dir, name) for name in _SERIES), work_dir / _PIXELS):
        file.unlink(missing_ok=True)


def _file(work_dir: Path, name: str) -> Path:
    return work_dir / f"{name}.txt"


def _arguments(path: Path, facts: MediaFacts, threads: int) -> list[str]:
    # Rotation changes none of the measurements, and rotating costs time.
    options = [*clock_options(facts), "-noautorotate", "-reinit_filter:v", "0"]
    end = [
        *("-t", f"{facts.duration_seconds + _DURATION_MARGIN_SECONDS:.6f}"),
        *("-frames:v", str(MAX_FRAMES), "-fps_mode", "passthrough"),
    ]
    sound = ("-map", "[sound]") if facts.audio else ()
    return [
        *KEEP_TIME_STAMPS,
        *read_file(path, facts, threads=threads, options=options),
        *("-filter_complex_threads", "1"),
        # Damaged sound counts as silence, however much of it is damaged.
        *("-max_error_rate", "1"),
        *("-map", "[miniatures]", *end, "-c:v", "rawvideo", "-f", "rawvideo", "-y", _PIXELS),
        *("-map", "[details]", *sound, *end, "-f", "null", "-"),
    ]
