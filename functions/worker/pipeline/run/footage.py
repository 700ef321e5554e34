"""A source as an attempt has it: its local file, and what a probe says about it."""

from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from pipeline.run.job_context import JobContext
from shared.jobs.records import Source
from shared.media.probe import MediaFacts, probe_async


@dataclass(frozen=True, kw_only=True)
class Footage:
    """A source's file, to be read only."""

    source_id: UUID
    path: Path
    facts: MediaFacts


async def fetch_footage(context: JobContext, source: Source) -> Footage:
    """Fetch a source and probe it. Raises UnusableMedia."""
    path = await context.fetch(source)
    return Footage(source_id=source.id, path=path, facts=await probe_async(path))
