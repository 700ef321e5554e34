"""The limits of one ffmpeg run, which the kernel enforces: proportional to its work, with a fixed maximum.

The unit of work is one second of video at 1920x1080 and 30 frames a second. It costs 0.2 CPU seconds to analyse and 1.5
to render; the limit allows 10, plus one minute. So the limit ends a run that needs several times what the file's length
and size explain, but not one of an ordinary file on a busy machine.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.media.probe import MediaFacts
from shared.settings import read_settings

BASE_CPU_SECONDS = 60
CPU_SECONDS_PER_UNIT = 10
MAX_CPU_SECONDS = 7200
WALL_SECONDS_PER_CPU_SECOND = 2  # a worker may get only part of a core

BASE_FILE_BYTES = 256 << 20
FILE_BYTES_PER_SECOND = 32 << 20  # of output: noise at 1080p60 takes about half of this
MAX_FILE_BYTES = (
    640 << 20
)  # files may be in memory, and storage accepts hardly more (see deploy/memory.sh)

BASE_OPEN_FILES = 32

_PIXELS_PER_UNIT = 1920 * 1080 * 30
_OUTPUT_UNITS_PER_SECOND = 2  # a canvas is at most 1080p60
_MAX_UNITS_PER_SECOND = 64  # 8K at 120 frames a second; a higher rate is not plausible


class FfmpegSettings(BaseSettings):
    """Settings of ffmpeg from the environment."""

    model_config = SettingsConfigDict(frozen=True, env_ignore_empty=True)

    ffmpeg_memory_bytes: int = Field(default=4 << 30, gt=0)
    """The memory limit of one ffmpeg. 1080p needs 0.3 GiB for one cut and 1.6 GiB for 40; 4K needs 3 GiB for 10."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """Limits of one process, in the order in which launch.py takes them. `file_bytes` is per file that it writes.

    The memory limit is on writable memory (RLIMIT_DATA). Threads reserve far more addresses than they use, so a limit
    on addresses (RLIMIT_AS) would have to be too wide to stop anything.
    """

    cpu_seconds: int
    wall_seconds: int
    memory_bytes: int
    file_bytes: int
    open_files: int

    @classmethod
    def of(cls, inputs: Sequence[MediaFacts], output_seconds: float) -> "Limits":
        """The limits of a run that reads `inputs` (one entry per open file) and writes `output_seconds` of video."""
        # Cuts of one source read different parts of it, so its duration counts once.
        sources = {id(facts): facts for facts in inputs}.values()
        units = sum(facts.duration_seconds * _units_per_second(facts) for facts in sources)
        units += output_seconds * _OUTPUT_UNITS_PER_SECOND
        cpu_seconds = min(MAX_CPU_SECONDS, BASE_CPU_SECONDS + round(units * CPU_SECONDS_PER_UNIT))
        return cls(
            cpu_seconds=cpu_seconds,
            wall_seconds=cpu_seconds * WALL_SECONDS_PER_CPU_SECOND,
            memory_bytes=read_settings(FfmpegSettings).ffmpeg_memory_bytes,
            file_bytes=min(
                MAX_FILE_BYTES, BASE_FILE_BYTES + round(output_seconds * FILE_BYTES_PER_SECOND)
            ),
            open_files=BASE_OPEN_FILES + 2 * len(inputs),
        )


def _units_per_second(facts: MediaFacts) -> float:
    video = facts.video
    rate = float(max(video.frame_rate, video.max_frame_rate))
    return min(max(video.stored_pixels * rate / _PIXELS_PER_UNIT, 1.0), _MAX_UNITS_PER_SECOND)
