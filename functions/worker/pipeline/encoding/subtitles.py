"""Subtitles as libass wants them: a script of ours, in which a user's text is nothing but text.

The filter gets fixed relative names only; what users wrote never reaches a filter graph. In the script a user's
backslash is followed by a word joiner, which nobody sees and which keeps it from beginning an escape, and braces are
escaped, so no override block begins.
Source: libass, ass_parse.c; https://aegisub.org/docs/latest/ass_tags/.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.encoding.text_width import FONT, character_width
from shared.job_params.final_render import SubtitleStyle
from shared.job_params.srt import Cue, Run
from shared.job_params.subtitle_font import FONT_NAME

FONTS = FONT.parent
SCRIPT_NAME = "subtitles.ass"
FONTS_NAME = "fonts"
FILTER = f"ass=filename={SCRIPT_NAME}:fontsdir={FONTS_NAME}"

_STYLE_FORMAT = (
    "Format: Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour,"
    " Bold, Italic, Underline, StrikeOut, ScaleX, ScaleY, Spacing, Angle, BorderStyle, Outline,"
    " Shadow, Alignment, MarginL, MarginR, MarginV, Encoding"
)
_WORD_JOINER = "\u2060"
_WORD_ENDS = " \n"  # where libass wraps; a no-break space is none
_PORTRAIT = 1.2  # times as high as wide, and apps lay their buttons over the picture
_REFERENCE_SIDE = 1080
_ALIGNMENT = {"bottom": 2, "middle": 5, "top": 8}
# The one font is upright; a slant of our own looks the same on every machine.
_ITALIC = (r"{\fax0}", r"{\fax-0.2}")


@dataclass(frozen=True, kw_only=True)
class SafeArea:
    """The distance of text from the frame's edges, in pixels."""

    side: int
    top: int
    bottom: int

    @classmethod
    def of(cls, width: int, height: int) -> "SafeArea":
        """What stays free of a player's controls, and of an app's on upright video."""
        if height > width * _PORTRAIT:
            return cls(
                side=round(width * 0.11), top=round(height * 0.14), bottom=round(height * 0.2)
            )
        return cls(side=round(width * 0.06), top=round(height * 0.07), bottom=round(height * 0.08))


def write_script(
    cues: Sequence[Cue], style: SubtitleStyle, directory: Path, *, width: int, height: int
) -> None:
    """Write SCRIPT_NAME for a frame of this size into `directory`, and put our fonts beside it."""
    area = SafeArea.of(width, height)
    scale = min(width, height) / _REFERENCE_SIDE
    line_width = (width - 2 * area.side) / (style.size * scale)
    events = [_event(cue, line_width) for cue in cues]
    script = "\n".join((*_header(style, area, width, height), *events, ""))
    (directory / SCRIPT_NAME).write_text(script, encoding="utf-8")
    (directory / FONTS_NAME).symlink_to(FONTS)


def _header(style: SubtitleStyle, area: SafeArea, width: int, height: int) -> tuple[str, ...]:
    scale = min(width, height) / _REFERENCE_SIDE
    vertical = area.top if style.position == "top" else area.bottom
    values = (
        *("Default", FONT_NAME, f"{style.size * scale:.1f}"),
        *(_colour(style.colour), _colour(style.colour)),
        *(_colour(style.outline_colour), _colour(style.outline_colour)),
        *("-1,0,0,0", "100,100,0,0", "1", f"{style.outline * scale:.1f}", "0"),
        *(str(_ALIGNMENT[style.position]), str(area.side), str(area.side), str(vertical), "1"),
    )
    return (
        *("[Script Info]", "ScriptType: v4.00+", f"PlayResX: {width}", f"PlayResY: {height}"),
        # None: colours mean what they say. Without it they are bent for players of the format's first days.
        *("WrapStyle: 0", "ScaledBorderAndShadow: yes", "YCbCr Matrix: None", "[V4+ Styles]"),
        _STYLE_FORMAT,
        f"Style: {','.join(values)}",
        *("[Events]", "Format: Layer, Start, End, Style, Text"),
    )


def _colour(value: str) -> str:
    """#RRGGBB as ASS writes it: blue first, and opaque."""
    return f"&H00{value[5:7]}{value[3:5]}{value[1:3]}".upper()


def _event(cue: Cue, line_width: float) -> str:
    text = "".join(_run(run) for run in _fitting(cue.runs, line_width))
    return f"Dialogue: 0,{_time(cue.start)},{_time(cue.end)},Default,{text}"


def _time(seconds: float) -> str:
    hundredths = round(seconds * 100)
    minutes, rest = divmod(hundredths, 6000)
    return f"{minutes // 60}:{minutes % 60:02}:{rest // 100:02}.{rest % 100:02}"


def _run(run: Run) -> str:
    text = run.text.replace("\\", f"\\{_WORD_JOINER}").replace("{", r"\{").replace("}", r"\}")
    return _ITALIC[run.italic] + text.replace("\n", r"\N")


def _fitting(runs: Sequence[Run], line_width: float) -> Iterator[Run]:
    """The runs with a line break where a word, which may go on in the next run, is wider than a line.

    libass wraps between words, and lets a long one run out of the picture.
    """
    left = line_width
    for run in runs:
        text = ""
        for character in run.text:
            if character in _WORD_ENDS:
                left = line_width
            else:
                width = character_width(character)
                if width > left:
                    text, left = f"{text}\n", line_width
                left -= width
            text += character
        yield Run(text=text, italic=run.italic)
