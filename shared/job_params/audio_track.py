"""The sound track that a request may choose, and why a chosen one cannot be used."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import BeforeValidator, Field

from shared.job_params.json_types import to_integer
from shared.jobs.records import AudioTrack
from shared.media.facts import AudioFacts, TrackCode

MAX_TRACK_NUMBER = 99

AudioTrackNumber = Annotated[
    int, Field(strict=True, ge=0, le=MAX_TRACK_NUMBER), BeforeValidator(to_integer)
]

DESCRIPTION = (
    "The number of the sound track to be heard, from the source's `audio_tracks`. If left out, it is the track that "
    "the file marks as default if it marks exactly one, else the first; one that cannot be decoded, or is silent "
    "throughout while another is not, is passed over."
)


Track = AudioTrack | AudioFacts
"""A track of a stored source, or of a probed file."""


def track_problem(
    number: int | None, tracks: Sequence[Track] | None
) -> tuple[TrackCode, str] | None:
    """Why track `number` cannot be heard: a code, and what the video's sound tracks are instead.

    None if it can be, or if no track was chosen. Tracks that were never listed (None) are checked by the worker.
    """
    if number is None or tracks is None:
        return None
    chosen = next((track for track in tracks if track.number == number), None)
    if chosen is None:
        return "unknown_audio_track", f"The video has no sound track {number}. {_existing(tracks)}"
    if not chosen.decodable:
        return (
            "undecodable_audio_track",
            f"Sound track {number} cannot be decoded: its codec is {chosen.codec}. {_existing(tracks)}",
        )
    return None


def _existing(tracks: Sequence[Track]) -> str:
    if not tracks:
        return "It has no sound."
    return f"It has: {'; '.join(map(_described, tracks))}."


def _described(track: Track) -> str:
    channels = track.channels and f"{track.channels} channel{'s' if track.channels > 1 else ''}"
    undecodable = None if track.decodable else "cannot be decoded"
    facts = (track.codec, channels, track.language, track.title, undecodable)
    return f"{track.number} ({', '.join(fact for fact in facts if fact)})"
