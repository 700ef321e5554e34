"""Normalizes sound to the loudness of the platforms: EBU R128, -14 LUFS integrated, true peaks at most -1 dBTP.

    measure -> gain, limiter where peaks would pass the ceiling -> AAC -> measure; while off target: correct -> AAC ...

Most clips need only a linear gain. Where short peaks are far above the rest, the gain alone would pass the ceiling, so
a lookahead limiter reduces the peaks. That costs some loudness, and the encoder changes peaks again. So the encoded
sound is measured, and the next round corrects the error. The finished sound is muxed with the picture unchanged.

Silence stays silence, because it has no loudness to raise.
Source: EBU R 128 and EBU Tech 3341; ITU-R BS.1770 for the true peak.
"""

import asyncio
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.encoding import filters
from pipeline.ffmpeg import process
from pipeline.ffmpeg.inputs import read_file
from pipeline.ffmpeg.limits import Limits
from pipeline.ffmpeg.process import OnProgress
from shared.media.probe import MediaFacts

TARGET_LUFS = -14.0
CEILING_DBTP = -1.0
TOLERANCE_LU = 0.3
SILENT_LUFS = -60.0
"""Below this there is only noise, which should not be amplified."""

MAX_ROUNDS = 6

_LOG_NAME = "loudness.txt"
_ENCODER_MARGIN_DB = 0.5  # the encoder changes peaks, rarely by more
_LIMITER_RATE = 2 * filters.SAMPLE_RATE  # reveals most of the peaks between samples
_LIMITER_LOSS = 0.5  # the share of a gain that an active limiter removes, roughly
_MEASURED_FRACTION = 0.3  # the fraction done once the clip's own loudness is measured
_MEASURE = f"ebur128=peak=true:metadata=1:framelog=quiet,ametadata=mode=print:file={_LOG_NAME}"
_INTEGRATED = re.compile(r"^lavfi\.r128\.I=(-?\d+\.\d+)$", re.MULTILINE)
_TRUE_PEAK = re.compile(r"^lavfi\.r128\.true_peaks_ch\d+=(\d+\.\d+)$", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class Loudness:
    """`integrated` in LUFS and `true_peak` in dBTP."""

    integrated: float
    true_peak: float

    @property
    def silent(self) -> bool:
        """Whether it is inaudible, or too short to be measured."""
        return self.integrated < SILENT_LUFS

    @property
    def on_target(self) -> bool:
        """Whether the loudness is within the tolerance and no peak is above the ceiling."""
        within_tolerance = abs(self.integrated - TARGET_LUFS) <= TOLERANCE_LU
        return within_tolerance and self.true_peak <= CEILING_DBTP


@dataclass(frozen=True, kw_only=True)
class Treatment:
    """The processing of the sound: a gain, and a limiter unless `limit` is None; both in dB."""

    gain: float
    limit: float | None = None

    @classmethod
    def of(cls, loudness: Loudness) -> "Treatment":
        """The treatment of the first round."""
        gain = TARGET_LUFS - loudness.integrated
        ceiling = CEILING_DBTP - _ENCODER_MARGIN_DB
        return cls(gain=gain, limit=ceiling if loudness.true_peak + gain > ceiling else None)

    def corrected(self, result: Loudness) -> "Treatment":
        """The treatment of the next round, which corrects the error of this one's result."""
        limit, excess = self.limit, result.true_peak - CEILING_DBTP
        if excess > 0:
            limit = (CEILING_DBTP if limit is None else limit) - excess - 0.1
        missing = TARGET_LUFS - result.integrated
        if limit is not None and missing > 0:
            missing /= 1 - _LIMITER_LOSS
        return Treatment(gain=self.gain + missing, limit=limit)

    def chain(self) -> str:
        """The filter chain of the treatment."""
        gain = f"volume={self.gain:.3f}dB:precision=double"
        if self.limit is None:
            return gain
        # level=false: otherwise the limiter raises the peaks to full scale again
        limit = f"limit={10 ** (self.limit / 20):.6f}:level=false:latency=true"
        return f"{gain},aresample={_LIMITER_RATE},alimiter={limit},aresample={filters.SAMPLE_RATE}"


@dataclass(frozen=True, kw_only=True)
class Sound:
    """A clip's sound and its output: `samples` stereo samples in `target`, an M4A file."""

    source: Path
    facts: MediaFacts
    samples: int
    bitrate_kbps: int
    target: Path
    work_dir: Path


async def normalize(sound: Sound, *, on_progress: OnProgress) -> Loudness:
    """Write the normalized sound to its target and return its loudness.

    Sound that ends early is padded with silence. In rare cases no treatment reaches both loudness and ceiling (a few
    clicks in silence); then the result of the last round is kept.

    Raises:
        FfmpegFailed: the sound cannot be decoded.

    """
    before = await measure(sound.source, sound.facts, work_dir=sound.work_dir)
    await on_progress(_MEASURED_FRACTION)
    if before.silent:
        await _encode(sound, "anull")
        return before
    treatment, after = Treatment.of(before), before
    for done in range(1, MAX_ROUNDS + 1):
        await _encode(sound, treatment.chain())
        after = await measure(sound.target, sound.facts, work_dir=sound.work_dir)
        await on_progress(_MEASURED_FRACTION + (1 - _MEASURED_FRACTION) * done / MAX_ROUNDS)
        if after.on_target:
            break
        treatment = treatment.corrected(after)
    return after


async def measure(path: Path, facts: MediaFacts, *, work_dir: Path) -> Loudness:
    """Measure the loudness of an MP4 file's sound. Digital silence, and less than 0.4 s, counts as silent.

    Raises:
        FfmpegFailed: the sound cannot be decoded.

    """
    log = work_dir / _LOG_NAME
    log.unlink(missing_ok=True)
    if facts.audio is None:
        return Loudness(integrated=-math.inf, true_peak=-math.inf)
    arguments = ["-map", "0:a:0", "-af", _MEASURE, "-f", "null", "-"]
    await _run(path, facts, arguments, work_dir)
    text = await asyncio.to_thread(log.read_text)
    levels, peaks = _INTEGRATED.findall(text), _TRUE_PEAK.findall(text)
    peak = max(map(float, peaks), default=0.0)
    return Loudness(
        integrated=float(levels[-1]) if levels else -math.inf,
        true_peak=20 * math.log10(peak) if peak else -math.inf,
    )


async def _encode(sound: Sound, treatment: str) -> None:
    if sound.facts.audio is None:
        chain = filters.silence(sound.samples)
    else:
        # Resampling may change the length by one sample.
        exact_length = f"apad,atrim=end_sample={sound.samples}"
        chain = (
            f"[0:a:0]{filters.audio_chain(sound.samples, offset=0.0)},{treatment},{exact_length}"
        )
    arguments = [
        *("-filter_complex", f"{chain}[a]", "-map", "[a]", "-map_metadata", "-1"),
        *("-c:a", "aac", "-b:a", f"{sound.bitrate_kbps}k", "-ar", str(filters.SAMPLE_RATE)),
        *("-ac", "2", "-f", "mp4", "-y", f"file:{sound.target.absolute()}"),
    ]
    await _run(sound.source, sound.facts, arguments, sound.work_dir)


async def _run(path: Path, facts: MediaFacts, arguments: Sequence[str], work_dir: Path) -> None:
    await process.run(
        [*read_file(path, facts, threads=1), *arguments],
        work_dir=work_dir,
        limits=Limits.of([facts], facts.duration_seconds),
        total_seconds=facts.duration_seconds,
    )
