"""Writes subtitles as an ASS script for libass, in which a user's text is never interpreted.

The filter gets only fixed relative names, so no user's text reaches a filter graph. In the script a word joiner, which
is invisible, follows each backslash of a user so that it starts no escape. Braces are escaped so that they start no
override block.
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
_WORD_ENDS = " \n"  # where libass wraps; it does not wrap at a no-break space
_PORTRAIT_RATIO = 1.2  # height to width; above it, apps show their buttons over the video
_REFERENCE_SIDE = 1080
_ALIGNMENT = {"bottom": 2, "middle": 5, "top": 8}
# The one font has no italic; a fixed slant looks the same on every machine.
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


def write_script(
    cues: Sequence[Cue], style: SubtitleStyle, directory: Path, *, width: int, height: int
) -> None:
    """Write SCRIPT_NAME for a frame of this size into `directory`, with a link to the fonts beside it."""
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
        # None: colours are used as written. Without it libass adjusts them as the format's first players did.
        *("WrapStyle: 0", "ScaledBorderAndShadow: yes", "YCbCr Matrix: None", "[V4+ Styles]"),
        _STYLE_FORMAT,
        f"Style: {','.join(values)}",
        *("[Events]", "Format: Layer, Start, End, Style, Text"),
    )


def _colour(value: str) -> str:
    """#RRGGBB in the notation of ASS: opaque, blue first."""
    return f"&H00{value[5:7]}{value[3:5]}{value[1:3]}".upper()


def _event(cue: Cue, line_width: float) -> str:
    text = "".join(_run(run) for run in _break_long_words(cue.runs, line_width))
    return f"Dialogue: 0,{_time(cue.start)},{_time(cue.end)},Default,{text}"


def _time(seconds: float) -> str:
    hundredths = round(seconds * 100)
    minutes, rest = divmod(hundredths, 6000)
    return f"{minutes // 60}:{minutes % 60:02}:{rest // 100:02}.{rest % 100:02}"


def _run(run: Run) -> str:
    text = run.text.replace("\\", f"\\{_WORD_JOINER}").replace("{", r"\{").replace("}", r"\}")
    return _ITALIC[run.italic] + text.replace("\n", r"\N")


def _break_long_words(runs: Sequence[Run], line_width: float) -> Iterator[Run]:
    """The runs, with a line break inside each word that is wider than a line. A word may continue in the next run.

    libass wraps only between words, so a long word would leave the frame.
    """
    remaining_width = line_width
    for run in runs:
        text = ""
        for character in run.text:
            if character in _WORD_ENDS:
                remaining_width = line_width
            else:
                width = character_width(character)
                if width > remaining_width:
                    text, remaining_width = f"{text}\n", line_width
                remaining_width -= width
            text += character
        yield Run(text=text, italic=run.italic)
