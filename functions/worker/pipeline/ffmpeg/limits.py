"""What one run of ffmpeg may use before the kernel ends it: in proportion to its work, and never without end.

A second of video at 1920x1080 and 30 frames a second is the unit of work. It costs 0.2 CPU seconds to look at and 1.5
to render; the limit allows 10, and a minute besides. So a file that asks for more than a few times what its length and
size explain is ended, and an honest one on a busy machine is not.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.media.probe import MediaFacts
from shared.settings import read_settings

SPARE_CPU_SECONDS = 60
CPU_SECONDS_PER_UNIT = 10
MAX_CPU_SECONDS = 7200
WALL_SECONDS_PER_CPU_SECOND = 2  # a worker may get a part of a core only

SPARE_FILE_BYTES = 256 << 20
FILE_BYTES_PER_SECOND = 32 << 20  # of the output: noise at 1080p60 takes about half of it

SPARE_OPEN_FILES = 32

_PIXELS_PER_UNIT = 1920 * 1080 * 30
_OUTPUT_UNITS_PER_SECOND = 2  # a canvas is at most 1080p60
_MOST_UNITS_PER_SECOND = 64  # 8K at 120 frames a second; a rate above that is not to be believed


class FfmpegSettings(BaseSettings):
    """What is said about ffmpeg in the environment."""

    model_config = SettingsConfigDict(frozen=True, env_ignore_empty=True)

    ffmpeg_memory_bytes: int = Field(default=4 << 30, gt=0)
    """How much memory one ffmpeg may take; 1080p takes 0.3 GiB for one cut and 1.6 GiB for 40, 4K 3 GiB for 10."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """Limits of one process, in the order in which launch.py takes them. `file_bytes` is for each file that it writes.

    Memory is what it may write to (RLIMIT_DATA): threads reserve far more addresses than they use, so a limit on those
    (RLIMIT_AS) would have to be so wide that it stopped nothing.
    """

    cpu_seconds: int
    wall_seconds: int
    memory_bytes: int
    file_bytes: int
    open_files: int

    @classmethod
    def of(cls, inputs: Sequence[MediaFacts], output_seconds: float) -> "Limits":
        """The limits of a run that reads `inputs` (a file that is opened twice is there twice) and writes so much."""
        # Cuts of one source read different parts of it, so the source counts once.
        sources = {id(facts): facts for facts in inputs}.values()
        units = sum(facts.duration_seconds * _units_per_second(facts) for facts in sources)
        units += output_seconds * _OUTPUT_UNITS_PER_SECOND
        cpu_seconds = min(MAX_CPU_SECONDS, SPARE_CPU_SECONDS + round(units * CPU_SECONDS_PER_UNIT))
        return cls(
            cpu_seconds=cpu_seconds,
            wall_seconds=cpu_seconds * WALL_SECONDS_PER_CPU_SECOND,
            memory_bytes=read_settings(FfmpegSettings).ffmpeg_memory_bytes,
            file_bytes=SPARE_FILE_BYTES + round(output_seconds * FILE_BYTES_PER_SECOND),
            open_files=SPARE_OPEN_FILES + 2 * len(inputs),
        )


def _units_per_second(facts: MediaFacts) -> float:
    video = facts.video
    rate = float(max(video.frame_rate, video.max_frame_rate or 0))
    return min(max(video.stored_pixels * rate / _PIXELS_PER_UNIT, 1.0), _MOST_UNITS_PER_SECOND)
