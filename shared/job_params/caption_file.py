"""Reads caption files, SubRip (.srt) and WebVTT (.vtt), as leniently as players do.

    1                                   WEBVTT
    00:00:01,000 --> 00:00:02,500
    Hello, <i>world</i>!                00:01.000 --> 00:02.500 line:0 align:start
                                        Hello, <v Ann>world</v>!

The first line decides which of the two a file is. pysubs2 reads times and texts. The file is prepared for it line by
line, which also gives a problem its line: pysubs2 knows no cue settings, identifiers or comments of WebVTT, takes any
line with two times for a timing, and a number at the end of a text for the next cue's.

A cue that never shows, because it ends when it starts or before, or has no visible text, is left out, as players do.
Sources: https://www.w3.org/TR/webvtt1/; https://pysubs2.readthedocs.io; FFmpeg, libavformat/srtdec.c.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from shared.job_params.caption_markup import (
    NOWHERE,
    Placement,
    Run,
    placement_of_settings,
    read_markup,
)

MAX_CHARACTERS = 500_000
MAX_CUES = 10_000
MAX_CUE_CHARACTERS = 2_000

_GUARD = "\ufdd0"  # a noncharacter, which no text contains: keeps pysubs2 from reading more than text in a text
# Translators of texts put spaces after the commas and colons.
_STAMP = r"(?:(\d{1,4}) ?: ?)?(\d{1,2}) ?: ?(\d{1,2})(?: ?[.,:] ?(\d{1,3})\d*)?"
_TIMING = re.compile(rf"{_STAMP}\s*-?->\s*{_STAMP}(?:\s(.*))?", re.ASCII)
_MEANT_AS_TIMING = re.compile(r"\d+\s*[:.,].*-->", re.ASCII)
_NUMBER = re.compile(r"\d{1,9}", re.ASCII)
_LINE_ENDS = re.compile(r"\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
_MAX_HOURS = 99


class CaptionProblem(ValueError):
    """The file cannot be read. `line` counts from 1; `detail` describes the problem."""

    def __init__(self, line: int, what: str) -> None:
        self.line = line
        self.detail = f"Line {line} of the subtitles: {what}"
        super().__init__(self.detail)


@dataclass(frozen=True, kw_only=True, slots=True)
class Cue:
    """The text shown from `start` to `end`, in seconds of the clip."""

    start: float
    end: float
    runs: tuple[Run, ...]
    placement: Placement = NOWHERE


@dataclass(frozen=True, kw_only=True, slots=True)
class _Block:
    """A cue as lines: the number of its first line, its times as pysubs2 reads them, and the rest."""

    line: int
    timing: str
    settings: str
    text: Sequence[str]


def parse_captions(text: str) -> tuple[Cue, ...]:
    """The cues of a file that are ever visible, by their start.

    Raises:
        CaptionProblem: this is not a caption file, or it is too large.

    """
    lines = _LINE_ENDS.sub("\n", _without_mark(text)).split("\n")
    _check_lines(lines)
    blocks = list(_blocks(lines))
    _check_blocks(lines, blocks)
    cues = [cue for timed in _timed_texts(blocks) if (cue := _cue(*timed))]
    if not cues:
        raise CaptionProblem(blocks[0].line, "no cue has both a text and an end after its start.")
    return tuple(sorted(cues, key=lambda cue: cue.start))


def _without_mark(text: str) -> str:
    """The text without its byte order mark, which programs also read as three characters of Windows-1252."""
    return text.removeprefix("\ufeff").removeprefix("\u00ef\u00bb\u00bf")


def _cue(start: float, end: float, text: str, settings: str) -> Cue | None:
    """The cue, or None if it is never visible."""
    runs, placement = read_markup(text)
    if not runs or start >= end:
        return None
    if placement == NOWHERE:
        placement = placement_of_settings(settings)
    return Cue(start=start, end=end, runs=runs, placement=placement)


def _timed_texts(blocks: Sequence[_Block]) -> Iterator[tuple[float, float, str, str]]:
    """Start and end in seconds, text and settings of each block."""
    from pysubs2 import SSAFile  # noqa: PLC0415 - takes 30 ms, and few requests have captions

    prepared = "\n".join(
        line for block in blocks for line in (block.timing, *map(_guarded, block.text), "")
    )
    events = SSAFile.from_string(prepared, format_="srt", keep_html_tags=True).events
    for block, event in zip(blocks, events, strict=True):
        text = event.text.replace(r"\N", "\n").replace(_GUARD, "")
        yield event.start / 1000, event.end / 1000, text, block.settings


def _guarded(line: str) -> str:
    """A line of text that pysubs2 takes for nothing else."""
    return line.replace("\\", f"\\{_GUARD}").replace(":", f":{_GUARD}") + _GUARD


def _check_lines(lines: Sequence[str]) -> None:
    for number, line in enumerate(lines, start=1):
        if "\0" in line:
            raise CaptionProblem(number, "this is not text: it contains the character U+0000.")


def _check_blocks(lines: Sequence[str], blocks: Sequence[_Block]) -> None:
    if not blocks:
        first = next((number for number, line in enumerate(lines, start=1) if line.strip()), 1)
        raise CaptionProblem(
            first,
            "this is neither SubRip nor WebVTT: no line has a timing"
            " like 00:00:01,000 --> 00:00:02,500.",
        )
    if len(blocks) > MAX_CUES:
        raise CaptionProblem(blocks[MAX_CUES].line, f"there are more than {MAX_CUES} cues.")
    for block in blocks:
        if sum(map(len, block.text)) > MAX_CUE_CHARACTERS:
            raise CaptionProblem(
                block.line, f"the cue has more than {MAX_CUE_CHARACTERS} characters."
            )


def _blocks(lines: Sequence[str]) -> Iterator[_Block]:
    """The cues of a file: each timing, with the text up to the next one."""
    first = next((line.strip() for line in lines if line.strip()), "")
    is_webvtt = first.startswith("WEBVTT")
    timings = [
        (index, match) for index, line in enumerate(lines) if (match := _timing(index, line))
    ]
    ends = [*(index for index, _ in timings), len(lines)][1:]
    for (index, match), end in zip(timings, ends, strict=True):
        between = lines[index + 1 : end]
        shown = _until_empty_line(between) if is_webvtt else between
        text = [line.strip() for line in shown]
        if end < len(lines):  # what ends the file belongs to no next cue
            text = _without_identifier(text, adjacent=len(shown) == len(between))
        yield _Block(
            line=index + 1,
            timing=f"{_stamp(match, 1)} --> {_stamp(match, 5)}",
            settings=match[9] or "",
            text=list(filter(None, text)),
        )


def _timing(index: int, line: str) -> re.Match[str] | None:
    if "->" not in line:
        return None
    match = _TIMING.fullmatch(line.strip())
    if match is None and _MEANT_AS_TIMING.match(line.strip()):
        raise CaptionProblem(index + 1, "expected a timing like 00:00:01,000 --> 00:00:02,500.")
    return match


def _stamp(match: re.Match[str], group: int) -> str:
    """A time in full: hours and fraction may be missing in the file."""
    hours, minutes, seconds, fraction = match.group(group, group + 1, group + 2, group + 3)
    return f"{min(int(hours or 0), _MAX_HOURS)}:{minutes}:{seconds}.{fraction or 0}"


def _until_empty_line(lines: Sequence[str]) -> Sequence[str]:
    """The text of a WebVTT cue: after its end there may be comments, style sheets and regions.

    A line of spaces does not end it: the captions that YouTube makes have such lines.
    """
    return lines[: lines.index("")] if "" in lines else lines


def _without_identifier(lines: Sequence[str], *, adjacent: bool) -> Sequence[str]:
    """The lines before a timing without the number that belongs to it, which numbers in a text do not."""
    last = max((index for index, line in enumerate(lines) if line), default=None)
    if last is None or not adjacent or not _NUMBER.fullmatch(lines[last]):
        return lines
    belongs = last == len(lines) - 1 or last == 0 or not lines[last - 1]
    return lines[:last] if belongs else lines
