"""Renders small clips as the recipe does, and inspects the output."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pymediainfo import MediaInfo

from pipeline.encoding.render import Rendering, encode_picture, normalize_sound, write_subtitles
from shared.job_params.final_render import RenderOptions
from shared.jobs.records import ExportPreset
from shared.media.probe import MediaFacts, probe
from tests.support.media import footage

SMALL = ExportPreset(
    name="small",
    label="Small",
    width=270,
    height=480,
    frame_rate=30,
    crf=20,
    max_video_bitrate_kbps=2000,
    audio_bitrate_kbps=128,
)
"""An upright preset that renders fast."""

CODEC = ["-c:v", "libx264", "-preset", "ultrafast", "-crf", "10", "-pix_fmt", "yuv420p"]


async def render(
    clip: Path, work_dir: Path, *, preset: ExportPreset = SMALL, **options: Any
) -> tuple[Path, MediaFacts]:
    """Render the clip with a preset and options; return the file and its facts."""

    async def on_progress(fraction: float) -> None:
        assert 0 <= fraction <= 1

    rendering = Rendering(
        clip=clip,
        facts=probe(clip),
        preset=preset,
        options=RenderOptions.model_validate(options),
        work_dir=work_dir,
    )
    sound, video = work_dir / "sound.m4a", work_dir / "render.mp4"
    await normalize_sound(rendering, sound, on_progress=on_progress)
    await write_subtitles(rendering)
    return video, await encode_picture(rendering, sound, video, on_progress=on_progress)


def plain(path: Path, *, colour: str = "black", seconds: float = 1, size: str = "270x480") -> Path:
    """A silent clip of one colour."""
    source = f"color={colour}:size={size}:rate=30:duration={seconds}"
    colours = "format=rgb24,scale=out_color_matrix=bt709:out_range=tv,format=yuv420p"
    footage.make("-f", "lavfi", "-i", source, "-vf", colours, *CODEC, str(path))
    return path


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A grey picture: `at(x, y)` is 0 (black) to 255."""

    width: int
    height: int
    pixels: bytes

    @classmethod
    def of(cls, video: Path, size: tuple[int, int], *, seconds: float = 0) -> "Picture":
        """The frame that a video shows at `seconds`, scaled to `size`."""
        width, height = size
        raw = footage.read(
            video,
            *("-ss", str(seconds), "-frames:v", "1", "-f", "rawvideo"),
            *("-vf", f"scale={width}:{height}:flags=area,format=gray"),
        )
        assert len(raw) == width * height
        return cls(width=width, height=height, pixels=raw)

    def at(self, x: int, y: int) -> int:
        return self.pixels[y * self.width + x]

    def mean(self) -> float:
        return sum(self.pixels) / len(self.pixels)

    def box(self, above: int = 128) -> tuple[int, int, int, int] | None:
        """Left, top, right and bottom edge of the area brighter than `above`, or None."""
        rows = [y for y in range(self.height) if max(self._row(y)) > above]
        if not rows:
            return None
        columns = [x for x in range(self.width) if max(self.pixels[x :: self.width]) > above]
        return columns[0], rows[0], columns[-1] + 1, rows[-1] + 1

    def bands(self, above: int = 128) -> int:
        """The number of bands of rows brighter than `above`, which are lines of text."""
        bright = [max(self._row(y)) > above for y in range(self.height)]
        return sum(
            now and not before for before, now in zip([False, *bright], bright, strict=False)
        )

    def _row(self, y: int) -> bytes:
        return self.pixels[y * self.width : (y + 1) * self.width]


def grey_frames(video: Path, size: tuple[int, int]) -> list[bytes]:
    """All frames of a video, scaled to `size`, one byte per pixel."""
    width, height = size
    scale = f"scale={width}:{height}:flags=area,format=gray"
    raw = footage.read(video, "-vf", scale, "-fps_mode", "passthrough", "-f", "rawvideo")
    step = width * height
    return [raw[first : first + step] for first in range(0, len(raw), step)]


def tracks(path: Path) -> dict[str, dict[str, Any]]:
    """MediaInfo's report about each track, by track type."""
    report = json.loads(str(MediaInfo.parse(path, output="JSON")))
    return {track["@type"]: track for track in report["media"]["track"]}
