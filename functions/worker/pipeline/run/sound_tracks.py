"""Chooses the sound track of a source that is heard if the request names none.

    1. Tracks that cannot be decoded are left out.
    2. The track that the file marks as default comes first, if it marks exactly one. Marking several, or none, says
       nothing: Matroska's mark is set unless it is written as unset, and many programs mark every track.
       The others follow in the file's order.
    3. The first track that is not silent throughout is heard; if all are silent, the first one.

So the silent first track of a screen recorder is passed over even if it is marked, and so is one that is damaged
throughout. Sound is sought only where there is a choice; of a single track it is only tried whether anything of it can
be decoded. The search stops at the first sound, and listens to samples of a long file: a silent track of 4 hours costs
some seconds, a track that begins with sound less than one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.ffmpeg import process
from pipeline.ffmpeg.failure import FfmpegFailed
from pipeline.ffmpeg.inputs import read_file
from pipeline.ffmpeg.limits import Limits
from shared.media.probe import AudioFacts, MediaFacts

SILENCE_DBFS = -60
"""No peak of a silent track is above this. What is below is noise, which nobody wants to hear."""

SOUND_SECONDS = 0.02
"""How long a sound lasts at least; a click at the start of a recording is shorter."""

SAMPLES = 10
SAMPLE_SECONDS = 30.0

_HEARD_NAME = "heard.raw"
_FIRST_SOUND = (
    f"silenceremove=start_periods=1:start_duration={SOUND_SECONDS}:start_threshold={SILENCE_DBFS}dB"
    ":detection=peak"
)


async def usual_track(path: Path, facts: MediaFacts, *, work_dir: Path) -> AudioFacts | None:
    """The sound track that is heard if nobody chooses; None if nothing of any can be decoded."""
    tracks = in_order(facts.audio_tracks)
    silent: list[AudioFacts] = []
    for track in tracks:
        listener = Listener(path=path, facts=facts, track=track, work_dir=work_dir)
        if len(tracks) > 1 and await listener.hears_sound():
            return track
        if await listener.hears_anything():
            silent.append(track)
    return next(iter(silent), None)


def in_order(tracks: Sequence[AudioFacts]) -> list[AudioFacts]:
    """The tracks that can be decoded, the one to prefer first."""
    decodable = [track for track in tracks if track.decodable]
    marked = [track for track in decodable if track.default]
    if len(marked) != 1:
        return decodable
    return marked + [track for track in decodable if not track.default]


def samples(duration_seconds: float) -> list[tuple[float, float]]:
    """The start and length in seconds of each part of a file to listen to; of a short file, all of it."""
    if duration_seconds <= SAMPLES * SAMPLE_SECONDS:
        return [(0.0, SAMPLES * SAMPLE_SECONDS)]
    return [(duration_seconds * index / SAMPLES, SAMPLE_SECONDS) for index in range(SAMPLES)]


@dataclass(frozen=True, kw_only=True)
class Listener:
    """Listens to a track of a file, up to the first sample that is asked for."""

    path: Path
    facts: MediaFacts
    track: AudioFacts
    work_dir: Path

    async def hears_sound(self) -> bool:
        """Whether the track is not silent throughout."""
        return await self._hears(_FIRST_SOUND)

    async def hears_anything(self) -> bool:
        """Whether any of the track can be decoded, be it silence."""
        return await self._hears("anull")

    async def _hears(self, chain: str) -> bool:
        heard = self.work_dir / _HEARD_NAME
        try:
            for start, seconds in samples(self.facts.duration_seconds):
                arguments = self._arguments(chain, start, seconds, heard)
                await process.run(
                    arguments,
                    work_dir=self.work_dir,
                    limits=Limits.of([self.facts], seconds),
                    total_seconds=seconds,
                )
                if heard.stat().st_size:
                    return True
        except FfmpegFailed as error:  # the decoder does not accept the track
            if error.transient:
                raise
        finally:
            heard.unlink(missing_ok=True)
        return False

    def _arguments(self, chain: str, start: float, seconds: float, heard: Path) -> list[str]:
        seek = ("-ss", f"{start:.3f}") if start else ()
        options = (*seek, "-t", f"{seconds:.3f}")
        return [
            # A damaged track is not an error: what is left of it counts.
            *("-max_error_rate", "1"),
            *read_file(self.path, self.facts, threads=1, options=options),
            *("-map", f"0:a:{self.track.number}", "-af", chain, "-ac", "1"),
            *("-frames:a", "1", "-f", "u8", "-y", f"file:{heard.absolute()}"),
        ]
