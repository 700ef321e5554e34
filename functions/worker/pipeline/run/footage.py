"""A source during an attempt: its local file and its probed facts."""

from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from pipeline.encoding.reading.jumps import close_jumps
from pipeline.run.job_context import JobContext
from shared.jobs.records import Source
from shared.media.probe import MediaFacts, probe_async


@dataclass(frozen=True, kw_only=True)
class Footage:
    """A source's local file, read-only, and its facts."""

    source_id: UUID
    path: Path
    facts: MediaFacts


async def fetch_footage(context: JobContext, source: Source) -> Footage:
    """Fetch a source and probe it. Raises UnusableMedia, FfmpegFailed."""
    path = await context.fetch(source)
    facts = await probe_async(path)
    if facts.clock_jumps:
        steady = context.directory / f"steady-{path.name}"
        await close_jumps(path, facts, steady, work_dir=context.directory)
        path, facts = steady, await probe_async(steady)
    return Footage(source_id=source.id, path=path, facts=facts)
