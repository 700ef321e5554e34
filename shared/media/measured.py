"""What the packets of a file say (see shared.media.packets), as facts.

The sender of a file controls every value here.
"""

import re
from collections.abc import Sequence
from fractions import Fraction
from typing import Literal

from pydantic import BaseModel, ConfigDict

from shared.media.decoders import DECODERS
from shared.media.facts import AudioFacts
from shared.media.pace import MAX_RATE, Intervals, Pace, median, pace_of

MAX_SAMPLE_RATE = 768_000
MAX_CHANNELS = 24
"""The channels of 22.2 surround. There is no known layout for more, so they cannot be mixed down to stereo."""

MAX_TITLE_CHARACTERS = 200
_HARDLY_SECONDS = 0.05


class MeasuredStream(BaseModel):
    """One stream. Times are on the file's clock; None if it has no packet.

    `codec` is libav's name of the codec, `decoder` of the decoder that it would use; None if it has none.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["video", "audio"]
    codec: str | None
    decoder: str | None
    picture: bool
    width: int
    height: int
    channels: int | None
    sample_rate: int | None
    language: str | None
    title: str | None
    default: bool
    packets: int
    sampled: bool
    first_seconds: float | None
    end_seconds: float | None
    last_duration_seconds: float
    stated_end_seconds: float | None
    intervals: tuple[tuple[float, int], ...]
    tick_seconds: float
    stated_rate: Fraction | None

    def pace(self) -> Pace:
        """The frame rate of a picture."""
        stated = self.stated_rate
        plausible = stated is not None and 0 < stated <= MAX_RATE
        return pace_of(self.intervals, self.tick_seconds, stated if plausible else None)

    def pictures(self) -> int:
        """How many there are: counted, or estimated if only the ends of the file were read."""
        if not self.sampled:
            return self.packets
        return round((self.picture_end() - (self.first_seconds or 0.0)) * self.pace().rate)

    def picture_end(self, sound_end: float | None = None) -> float:
        """When the last picture ends. A stated duration counts unless no other picture is shown so long or so short.

        A last picture without a credible duration is shown as long as usual, but hardly longer than the sound is heard.
        """
        end = (self.end_seconds or 0.0) - self.last_duration_seconds
        stated = self.stated_end_seconds
        if stated is not None and abs(end - stated) <= self.tick_seconds:
            return stated
        return end + self._last_shown(None if sound_end is None else sound_end - end)

    def _last_shown(self, heard_seconds: float | None) -> float:
        intervals: Intervals = self.intervals
        if not intervals:
            return self.last_duration_seconds or float(1 / self.pace().rate)
        usual = median(intervals)
        if self.last_duration_seconds >= usual / 4:
            return min(self.last_duration_seconds, max(intervals[-1][0], 1.0))
        return usual if heard_seconds is None else min(usual, max(heard_seconds, _HARDLY_SECONDS))


class Measurement(BaseModel):
    """A file. `readable` is False if libav cannot open it, `complete` if its index names pictures beyond its end.

    `open_ended` is True if it is in fragments that state no length together, as recorders write them.
    `unread` is True if bytes were read that are missing in a file of which only the ends were downloaded.
    `clock_start_seconds` is the container's time stamp at time 0; `clock_jumps` is True if its time stamps jump.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    readable: bool
    complete: bool
    open_ended: bool
    unread: bool
    clock_start_seconds: float
    clock_jumps: bool
    streams: tuple[MeasuredStream, ...]

    @property
    def picture(self) -> MeasuredStream | None:
        """The first video stream that is not a cover."""
        return next((stream for stream in self.streams if stream.picture), None)

    @property
    def sound_end(self) -> float | None:
        """When the last sound ends; None if there is none."""
        return max((sound.end_seconds for sound in self.sounds if sound.end_seconds), default=None)

    @property
    def sounds(self) -> Sequence[MeasuredStream]:
        """The sound streams, in their order."""
        return [stream for stream in self.streams if stream.kind == "audio"]


def audio_facts(number: int, stream: MeasuredStream, undecodable: str | None) -> AudioFacts:
    """The facts of the sound stream with this number. `undecodable` names its codec if it has no decoder."""
    channels, rate = stream.channels or 0, stream.sample_rate or 0
    known = stream.decoder in DECODERS and stream.packets > 0
    return AudioFacts(
        number=number,
        codec=stream.codec or undecodable or "unknown",
        channels=channels or None,
        sample_rate=rate if 0 < rate <= MAX_SAMPLE_RATE else None,
        language=_language(stream.language),
        title=_title(stream.title),
        default=stream.default,
        decodable=known and 0 < channels <= MAX_CHANNELS and 0 < rate <= MAX_SAMPLE_RATE,
        start_seconds=stream.first_seconds,
        end_seconds=stream.end_seconds,
    )


def _language(tag: str | None) -> str | None:
    if tag is None or tag == "und" or not re.fullmatch(r"[A-Za-z0-9-]{2,35}", tag):
        return None
    return tag


def _title(title: str | None) -> str | None:
    printable = "".join(character for character in title or "" if character.isprintable())
    return printable.strip()[:MAX_TITLE_CHARACTERS] or None
