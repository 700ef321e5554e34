"""A source during an attempt: its local file, its probed facts, and the sound track that its clips play."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from uuid import UUID

from pipeline.encoding.reading.jumps import close_jumps
from pipeline.run.job_context import JobContext
from pipeline.run.sound_tracks import Listener, usual_track
from shared.job_params.audio_track import track_problem
from shared.jobs.records import Segment, Source
from shared.media.probe import AudioFacts, MediaFacts, UnusableMedia, probe_async


@dataclass(frozen=True, kw_only=True)
class Footage:
    """A source's local file, read-only, and its facts."""

    source_id: UUID
    path: Path
    facts: MediaFacts

    def segment(self, start: float, end: float) -> Segment:
        """A part of the source as a clip's row lists it."""
        audio = self.facts.audio
        return Segment(
            source_id=self.source_id,
            start=start,
            end=end,
            audio_track=None if audio is None else audio.number,
        )

    def with_sound_of(self, track: AudioFacts | None) -> "Footage":
        """The same footage with one of its sound tracks, or without sound. The track keeps its number."""
        tracks = () if track is None else (track,)
        return replace(self, facts=self.facts.model_copy(update={"audio_tracks": tracks}))


async def fetch_footage(context: JobContext, source: Source) -> Footage:
    """Fetch a source and probe it. Raises UnusableMedia, FfmpegFailed."""
    path = await context.fetch(source)
    facts = await probe_async(path)
    if facts.clock_jumps:
        steady = context.directory / f"steady-{path.name}"
        await close_jumps(path, facts, steady, work_dir=context.directory)
        if path.parent == context.directory:  # a copy, and the directory may be in memory
            path.unlink()
        path, facts = steady, await probe_async(steady)
    return Footage(source_id=source.id, path=path, facts=facts)


async def choose_sound(footage: Footage, audio_track: int | None, *, work_dir: Path) -> Footage:
    """The footage with the sound track that was chosen or, if none was, with the usual one (see sound_tracks).

    It is without sound if nothing of the track can be decoded.

    Raises:
        UnusableMedia: the file does not have the chosen track, or it cannot be decoded. The library checks that before
            a job starts, but only against the tracks that it knows.

    """
    tracks = footage.facts.audio_tracks
    if problem := track_problem(audio_track, tracks):
        code, detail = problem
        raise UnusableMedia(code, detail)
    if audio_track is None:
        usual = await usual_track(footage.path, footage.facts, work_dir=work_dir)
        return footage.with_sound_of(usual)
    chosen = next(track for track in tracks if track.number == audio_track)
    listener = Listener(path=footage.path, facts=footage.facts, track=chosen, work_dir=work_dir)
    return footage.with_sound_of(chosen if await listener.hears_anything() else None)


def visible_segments(selection: Sequence[Segment], rate: Fraction) -> list[Segment]:
    """The segments that get at least one frame at `rate`. A shorter one, such as a remainder, is left out."""
    seen, end = list[Segment](), Fraction(0)
    for segment in selection:
        after = end + Fraction(segment.end) - Fraction(segment.start)
        if round(after * rate) > round(end * rate):
            seen.append(segment)
            end = after
    return seen
