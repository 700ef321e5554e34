"""Parses subtitles in SubRip format (.srt) strictly: it reports the line of a problem and never guesses.

    1                                   any number
    00:00:01,000 --> 00:00:02,500       start and end
    Hello, <i>world</i>!                one or more lines of text
                                        an empty line
    2
    ...

Italics are kept, because they carry meaning. The other tags that players know are removed, and so are the override
blocks of the ASS format, which some tools leave in such files. Everything else is plain text.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from shared.job_params.subtitle_font import covers

MAX_CHARACTERS = 500_000
MAX_CUES = 10_000
MAX_CUE_CHARACTERS = 500

_BREAKS = ("Zl", "Zp")  # line and paragraph separators, which are not allowed in a line

_TIME = r"(\d{2}):([0-5]\d):([0-5]\d)[,.](\d{3})"
_TIMING = re.compile(rf"{_TIME}[ \t]*-->[ \t]*{_TIME}", re.ASCII)
_NUMBER = re.compile(r"\d{1,9}", re.ASCII)
_OVERRIDE = re.compile(r"\{\\[^{}]*\}")
_TAG = re.compile(r"<(/?)(i|b|u|s|font|c|v)(?:[ .=][^<>]*)?>", re.ASCII | re.IGNORECASE)


class SubtitleProblem(ValueError):
    """The subtitles cannot be parsed. `line` counts from 1; `detail` describes the problem."""

    def __init__(self, line: int, what: str) -> None:
        self.line = line
        self.detail = f"Line {line} of the subtitles: {what}"
        super().__init__(self.detail)


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """A part of a cue's text in one style. A line feed is a line break."""

    text: str
    italic: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Cue:
    """The text shown from `start` to `end`, in seconds of the clip."""

    start: float
    end: float
    runs: tuple[Run, ...]


def parse_srt(text: str) -> tuple[Cue, ...]:
    """The cues of a file in their order, without those that have no text.

    Raises:
        SubtitleProblem: the first problem.

    """
    lines = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    _check_characters(lines)
    cues = list[Cue]()
    for first, block in _blocks(lines):
        if len(cues) == MAX_CUES:
            raise SubtitleProblem(first, f"there are more than {MAX_CUES} cues.")
        if runs := tuple(_runs("\n".join(block[2:]))):
            start, end = _timing(first + 1, block[1])
            cues.append(Cue(start=start, end=end, runs=runs))
    if not cues:
        raise SubtitleProblem(1, "there are no cues.")
    return tuple(cues)


def _check_characters(lines: list[str]) -> None:
    strange = {character for character in set("".join(lines)) if not _is_usable(character)}
    for number, line in enumerate(lines, start=1) if strange else ():
        character = next((character for character in line if character in strange), None)
        if character:
            raise SubtitleProblem(
                number,
                f"the font does not contain the character U+{ord(character):04X}; use another one.",
            )


def _is_usable(character: str) -> bool:
    """Whether it can be drawn, or needs no drawing, such as joiners and direction marks."""
    category = unicodedata.category(character)
    return character == "\t" or category == "Cf" or (covers(character) and category not in _BREAKS)


def _blocks(lines: list[str]) -> Iterator[tuple[int, list[str]]]:
    """The lines of each cue (number, timing, text), with the line number of the first."""
    block = list[str]()
    for number, line in enumerate([*lines, ""], start=1):
        stripped = line.strip()
        if stripped:
            _check_line(number, len(block), stripped)
            block.append(stripped)
        elif block:
            first = number - len(block)
            if len(block) == 1:
                raise SubtitleProblem(
                    min(number, len(lines)), "the cue number is not followed by a timing."
                )
            if sum(map(len, block[2:])) > MAX_CUE_CHARACTERS:
                raise SubtitleProblem(
                    first, f"the cue has more than {MAX_CUE_CHARACTERS} characters."
                )
            yield first, block
            block = []


def _check_line(number: int, place: int, line: str) -> None:
    if place == 0 and not _NUMBER.fullmatch(line):
        raise SubtitleProblem(number, "expected a cue number; an empty line ends a cue.")
    if place == 1:
        _timing(number, line)


def _timing(number: int, line: str) -> tuple[float, float]:
    match = _TIMING.fullmatch(line)
    if match is None:
        raise SubtitleProblem(number, "expected a timing like 00:00:01,000 --> 00:00:02,500.")
    values = [int(value) for value in match.groups()]
    start, end = (
        hours * 3600 + minutes * 60 + seconds + milliseconds / 1000
        for hours, minutes, seconds, milliseconds in (values[:4], values[4:])
    )
    if end <= start:
        raise SubtitleProblem(number, "the cue must end after it starts.")
    return start, end


def _runs(text: str) -> Iterator[Run]:
    """The runs of a text without its tags; none if nothing would be visible."""
    text = unicodedata.normalize("NFC", _OVERRIDE.sub("", text).replace("\t", " "))
    if not _TAG.sub("", text).strip():
        return
    italic, place = False, 0
    for tag in _TAG.finditer(text):
        if tag.start() > place:
            yield Run(text=text[place : tag.start()], italic=italic)
        if tag[2].lower() == "i":
            italic = not tag[1]
        place = tag.end()
    if place < len(text):
        yield Run(text=text[place:], italic=italic)
