"""Writes subtitles as an ASS script for libass, in which a user's text is never interpreted.

The filter gets only fixed relative names, so no user's text reaches a filter graph. In the script a word joiner, which
is invisible, follows each backslash of a user so that it starts no escape. Braces are escaped so that they start no
override block.
Source: libass, ass_parse.c; https://aegisub.org/docs/latest/ass_tags/.

Lines are broken here and not by libass, which knows no scripts without spaces. `Encoding: -1` lets libass take the
direction of each line from its first strong character, which `direction.marked` makes the right one.
"""

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.encoding.text.cutting import ASCENT, DESCENT, FAMILY, Family, cut_family
from pipeline.encoding.text.direction import has_right_to_left, is_right_to_left, marked
from pipeline.encoding.text.emoji import emoji_in, sequences_in, simplify
from pipeline.encoding.text.layout import Layout, Line, Space, lay_out
from pipeline.encoding.text.shaping import Shaper
from pipeline.encoding.text.typefaces import choose_typefaces
from shared.job_params.caption_file import Cue
from shared.job_params.caption_markup import Run
from shared.job_params.final_render import SubtitleStyle

SCRIPT_NAME = "subtitles.ass"
FONTS_NAME = "fonts"
FILTER = f"ass=filename={SCRIPT_NAME}:fontsdir={FONTS_NAME}:shaping=complex"
REPLACEMENT = "\u25a1"
"""Drawn for a character that no font has."""

MAX_SHARE = 0.3
"""The height that a cue may fill, as a share of the picture's shorter side."""

_STYLE_FORMAT = (
    "Format: Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour,"
    " Bold, Italic, Underline, StrikeOut, ScaleX, ScaleY, Spacing, Angle, BorderStyle, Outline,"
    " Shadow, Alignment, MarginL, MarginR, MarginV, Encoding"
)
_WORD_JOINER = "\u2060"
_PORTRAIT_RATIO = 1.2  # height to width; above it, apps show their buttons over the video
_REFERENCE_SIDE = 1080
_ROWS = ("bottom", "middle", "top")
_CENTER = 1
# No font has an italic; a fixed slant looks the same on every machine.
_ITALIC = (r"{\fax0}", r"{\fax-0.2}")


@dataclass(frozen=True, kw_only=True)
class SafeArea:
    """The minimum distance of text from the frame's edges, in pixels."""

    side: int
    top: int
    bottom: int

    @classmethod
    def of(cls, width: int, height: int) -> "SafeArea":
        """The margins that keep text clear of a player's controls and, on upright video, of an app's buttons."""
        if height > width * _PORTRAIT_RATIO:
            return cls(
                side=round(width * 0.11), top=round(height * 0.14), bottom=round(height * 0.2)
            )
        return cls(side=round(width * 0.06), top=round(height * 0.07), bottom=round(height * 0.08))


@dataclass(frozen=True, kw_only=True)
class _Frame:
    """The frame, the style and the fonts of a script. Lengths are in pixels of the frame."""

    width: int
    height: int
    style: SubtitleStyle
    family: Family

    @property
    def area(self) -> SafeArea:
        return SafeArea.of(self.width, self.height)

    @property
    def scale(self) -> float:
        """Pixels of the frame per pixel of the style."""
        return min(self.width, self.height) / _REFERENCE_SIDE

    @property
    def em(self) -> float:
        return self.style.size * self.scale / (ASCENT + DESCENT)

    @property
    def line_height(self) -> float:
        """The size that the script asks for: libass makes a font's ascent and descent that high."""
        return self.em * self.family.height

    @property
    def space(self) -> Space:
        return Space(
            width=(self.width - 2 * self.area.side) / self.em,
            lines=min(self.width, self.height) * MAX_SHARE / self.line_height,
        )


def write_script(
    cues: Sequence[Cue], style: SubtitleStyle, directory: Path, *, width: int, height: int
) -> list[str]:
    """Write SCRIPT_NAME for a frame of this size into `directory`, and its fonts beside it.

    Returns the characters that no font has, each once; they are drawn as REPLACEMENT.
    """
    wanted = "\n".join(run.text for cue in cues for run in cue.runs)
    sequences = sequences_in(wanted)
    text = simplify(wanted, sequences)
    chosen = choose_typefaces(text + REPLACEMENT + " ", emoji_in(wanted))
    missing = {c for c in text if not (c in chosen or c in sequences or _is_invisible(c))}
    replaced = {ord(c): " " if c.isspace() else REPLACEMENT for c in missing}
    family = cut_family(chosen, sequences)
    frame = _Frame(width=width, height=height, style=style, family=family)
    shaper = Shaper(frame.family)
    events = [
        event
        for cue in cues
        for event in _events(cue, _drawable(cue.runs, sequences, replaced), shaper, frame)
    ]
    script = "\n".join((*_header(frame), *events, ""))
    (directory / SCRIPT_NAME).write_text(script, encoding="utf-8")
    fonts = directory / FONTS_NAME
    fonts.mkdir()
    frame.family.write(fonts)
    return sorted(c for c in missing if not c.isspace())


def _is_invisible(character: str) -> bool:
    """Whether it needs no drawing, such as line breaks, joiners and direction marks."""
    return character == "\n" or unicodedata.category(character) == "Cf"


def _drawable(
    runs: Sequence[Run], sequences: Mapping[str, str], replaced: Mapping[int, str]
) -> tuple[Run, ...]:
    """The runs as the fonts can draw them."""
    return tuple(
        Run(text=simplify(run.text, sequences).translate(replaced), italic=run.italic)
        for run in runs
    )


def _header(frame: _Frame) -> tuple[str, ...]:
    style, area = frame.style, frame.area
    values = (
        *("Default", FAMILY, f"{frame.line_height:.2f}"),
        *(_colour(style.colour), _colour(style.colour)),
        *(_colour(style.outline_colour), _colour(style.outline_colour)),
        *("-1,0,0,0", "100,100,0,0", "1", f"{style.outline * frame.scale:.1f}", "0"),
        *("2", str(area.side), str(area.side), str(area.bottom), "-1"),
    )
    return (
        *("[Script Info]", "ScriptType: v4.00+"),
        *(f"PlayResX: {frame.width}", f"PlayResY: {frame.height}"),
        # None: colours are used as written. Without it libass adjusts them as the format's first players did.
        *("WrapStyle: 2", "ScaledBorderAndShadow: yes", "YCbCr Matrix: None", "Kerning: yes"),
        *("[V4+ Styles]", _STYLE_FORMAT, f"Style: {','.join(values)}"),
        *("[Events]", "Format: Layer, Start, End, Style, MarginV, Text"),
    )


def _colour(value: str) -> str:
    """#RRGGBB in the notation of ASS: opaque, blue first."""
    return f"&H00{value[5:7]}{value[3:5]}{value[1:3]}".upper()


def _events(cue: Cue, runs: Sequence[Run], shaper: Shaper, frame: _Frame) -> Iterator[str]:
    """One event for each part of the cue, for the share of its time that it has of its text."""
    text = "".join(run.text for run in runs)
    layout = lay_out(text, shaper.width, frame.space)
    row = cue.placement.row
    row = _ROWS.index(frame.style.position) if row is None else row
    margin = frame.area.top if _ROWS[row] == "top" else frame.area.bottom
    opening = "".join(_overrides(cue, row, layout, frame))
    total = sum(map(_length, layout.parts)) or 1
    start, shown = cue.start, 0
    for part in layout.parts:
        shown += _length(part)
        end = cue.start + (cue.end - cue.start) * shown / total
        lines = r"\N".join(_lines(text, runs, part))
        yield f"Dialogue: 0,{_time(start)},{_time(end)},Default,{margin},{opening}{lines}"
        start = end


def _length(lines: Sequence[Line]) -> int:
    return sum(line.end - line.start for line in lines)


def _overrides(cue: Cue, row: int, layout: Layout, frame: _Frame) -> Iterator[str]:
    column = _CENTER if cue.placement.column is None else cue.placement.column
    yield f"{{\\an{3 * row + column + 1}}}"
    if layout.scale < 1:
        size = frame.line_height * layout.scale
        outline = frame.style.outline * frame.scale * layout.scale
        yield f"{{\\fs{size:.2f}\\bord{outline:.1f}}}"


def _time(seconds: float) -> str:
    hundredths = round(seconds * 100)
    minutes, rest = divmod(hundredths, 6000)
    return f"{minutes // 60}:{minutes % 60:02}:{rest // 100:02}.{rest % 100:02}"


def _lines(text: str, runs: Sequence[Run], lines: Sequence[Line]) -> Iterator[str]:
    """The lines of a part as libass reads them.

    A line with text from right to left is upright, because libass orders each style of a line for itself.
    """
    for line in lines:
        first, last = line.paragraph
        paragraph = text[first:last]
        right_to_left = is_right_to_left(paragraph)
        if right_to_left or has_right_to_left(text[line.start : line.end]):
            start, end = line.start - first, line.end - first
            shown = marked(paragraph, start, end, right_to_left=right_to_left)
            yield _ITALIC[False] + _escaped(shown)
        else:
            yield "".join(_ITALIC[run.italic] + _escaped(run.text) for run in _between(runs, line))


def _between(runs: Sequence[Run], line: Line) -> Iterator[Run]:
    start = 0
    for run in runs:
        first, end = max(line.start - start, 0), min(line.end - start, len(run.text))
        if first < end:
            yield Run(text=run.text[first:end], italic=run.italic)
        start += len(run.text)


def _escaped(text: str) -> str:
    return text.replace("\\", f"\\{_WORD_JOINER}").replace("{", r"\{").replace("}", r"\}")
