"""Draws captions over black with the worker's script, fonts and filter, without encoding a video."""

import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.encoding.subtitles import FILTER, SCRIPT_NAME, SafeArea, write_script
from pipeline.ffmpeg.process import executable
from shared.job_params.caption_file import parse_captions
from shared.job_params.final_render import SubtitleStyle
from tests.worker.render.rendering import Picture

UPRIGHT = (540, 960)
WIDE = (960, 540)


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """Captions as they were drawn, and what the worker wrote for it."""

    picture: Picture
    replaced: list[str]
    script: str
    fonts: list[bytes]

    @property
    def lines(self) -> list[str]:
        """The texts of the script's events."""
        return [line.split(",", 5)[5] for line in self.script.splitlines() if line[:5] == "Dialo"]

    @property
    def is_inside(self) -> bool:
        """Whether the text keeps clear of the frame's edges, but for outline and antialiasing."""
        picture, tolerance = self.picture, 4
        area = SafeArea.of(picture.width, picture.height)
        left, top, right, bottom = picture.box(60) or (0, 0, 0, 0)
        return (
            area.side - tolerance <= left < right <= picture.width - area.side + tolerance
            and area.top - tolerance <= top
            and bottom <= picture.height - area.bottom + tolerance
        )


def draw(text: str, *, frame: tuple[int, int] = UPRIGHT, seconds: float = 0, **style: Any) -> Drawn:
    """Draw a cue of ten seconds as it is after some seconds."""
    return draw_file(
        f"1\n00:00:00,000 --> 00:00:10,000\n{text}\n", frame=frame, seconds=seconds, **style
    )


def draw_file(
    file: str, *, frame: tuple[int, int] = UPRIGHT, seconds: float = 0, **style: Any
) -> Drawn:
    """Draw a caption file. Fails if libass takes a font that is not one of the worker's."""
    width, height = frame
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        asked = SubtitleStyle.model_validate(style)
        replaced = write_script(parse_captions(file), asked, directory, width=width, height=height)
        source = f"color=black:size={width}x{height}:rate=10:duration={seconds + 1}"
        command = [
            *(executable(), "-nostdin", "-v", "verbose", "-f", "lavfi", "-i", source),
            *("-ss", str(seconds), "-vf", f"{FILTER},format=gray", "-frames:v", "1"),
            *("-f", "rawvideo", "pipe:1"),
        ]
        done = subprocess.run(command, capture_output=True, check=True, cwd=directory, env={})
        chosen = [line for line in done.stderr.decode().splitlines() if "fontselect:" in line]
        assert chosen
        assert all("-> Captions-" in line for line in chosen), chosen
        return Drawn(
            picture=Picture(width=width, height=height, pixels=done.stdout),
            replaced=replaced,
            script=(directory / SCRIPT_NAME).read_text(),
            fonts=[path.read_bytes() for path in (directory / "fonts").iterdir()],
        )


def look_alike(one: Drawn, other: Drawn) -> bool:
    """Whether two pictures differ only in where antialiasing puts the edges of the same glyphs."""
    pixels = one.picture.pixels, other.picture.pixels
    difference = sum(abs(a - b) for a, b in zip(*pixels, strict=True) if a or b)
    return difference < 0.1 * sum(pixels[0])
