"""The commands: each reads or acts through shared.ops, and returns what to print."""

import asyncio
from argparse import Namespace
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

from pydantic import BaseModel

from editai_admin.library import check_library
from shared.database.client import close_supabase
from shared.errors import DatabaseUnavailable, InvalidRequest, NotFound
from shared.jobs.lifecycle import cancel_job
from shared.ops import acting, diagnosis, reading
from shared.ops.records import Finding, JobStory, OpsJob, Overview


@dataclass(frozen=True, kw_only=True)
class Result:
    """Rows for a table, a job's story, findings, or a sentence. `is_well` decides the exit status."""

    title: str = ""
    rows: Sequence[BaseModel] | None = None
    story: JobStory | None = None
    findings: Sequence[Finding] | None = None
    said: str = ""
    is_well: bool = True


Command = Callable[[Namespace], Awaitable[Result]]


class Holder(BaseModel):
    """A worker and what it holds."""

    holder: str
    jobs: int
    drained: bool


async def close() -> None:
    """Close the connections."""
    await close_supabase()


async def doctor(_options: Namespace) -> Result:
    """Everything that is wrong, in the database's facts and by the library's own word."""
    try:
        overview, of_library = await asyncio.gather(reading.read_overview(), check_library())
    except DatabaseUnavailable:
        what = "The database does not respond. Every function needs it, and recovers by itself."
        return _findings([Finding(code="database-away", what=what)])
    return _findings([*of_library, *diagnosis.check_all(overview)])


def _findings(findings: Sequence[Finding]) -> Result:
    return Result(findings=findings, is_well=not findings)


def _explained(name: str, story: JobStory | None, overview: Overview) -> JobStory:
    if story is None:
        raise NotFound(f"There is no job or project {name}, or the project has no job.")
    return story.model_copy(update={"findings": diagnosis.explain(story, overview)})


async def why(options: Namespace) -> Result:
    """Why a job is not done, or a project without one is held."""
    story = await reading.read_story(options.job)
    overview = await reading.read_overview()
    held = [] if story else diagnosis.check_lease(options.job, overview)
    if held:
        return _findings(held)
    story = _explained(options.job, story, overview)
    of_library = [] if story.job.finished_at else await check_library()
    findings = [*story.findings, *of_library]
    said = "" if findings else f"Nothing is wrong: the job is {story.job.status}."
    return Result(findings=findings, said=said, is_well=not findings)


async def job(options: Namespace) -> Result:
    """One job's story."""
    story = await reading.read_story(options.job)
    return Result(story=_explained(options.job, story, await reading.read_overview()))


async def jobs(options: Namespace) -> Result:
    """The newest jobs."""
    chosen = {"status": options.status, "kind": options.kind, "project_id": options.project}
    filters = {name: value for name, value in chosen.items() if value}
    rows = await reading.read_jobs(limit=options.limit, **filters)
    return Result(title="jobs, the newest first", rows=rows)


async def leases(_options: Namespace) -> Result:
    """The leases."""
    return Result(title="leases", rows=(await reading.read_overview()).leases)


async def queue(_options: Namespace) -> Result:
    """The queue by kind."""
    return Result(title="active jobs by kind", rows=(await reading.read_overview()).queue)


async def workers(_options: Namespace) -> Result:
    """The holders of running jobs, and whether they are drained."""
    overview = await reading.read_overview()
    held = [job.holder for job in overview.jobs if job.status == "running" and job.holder]
    drains = [drain.holder for drain in overview.drains]
    names = sorted({*held, *drains})
    rows = [
        Holder(
            holder=name or "(all)",
            jobs=held.count(name),
            drained=any(name.startswith(drain) for drain in drains),
        )
        for name in names
    ]
    return Result(title="workers that hold a job, and drains", rows=rows)


async def cleanup(_options: Namespace) -> Result:
    """The last cleanup."""
    overview = await reading.read_overview()
    findings = diagnosis.check_cleanup(overview)
    return Result(
        title="the last cleanup", rows=overview.cleanup, findings=findings, is_well=not findings
    )


async def cancel(options: Namespace) -> Result:
    """Cancel a project's job."""
    outcome = (await cancel_job(options.project, None)).outcome
    said = {
        "cancelled": "cancelled: the worker stops at its next heartbeat",
        "idle": "nothing is active on this project",
        "project_not_found": "there is no such project",
    }[outcome]
    return Result(said=said, is_well=outcome == "cancelled")


async def requeue(options: Namespace) -> Result:
    """Queue a job again."""
    outcome = await acting.requeue(_uuid(options.job))
    said = {
        "requeued": "queued again: cleanup dispatches it at its next run",
        "ended": "this job has ended; start another one",
        "job_not_found": "there is no such job",
    }[outcome]
    return Result(said=said, is_well=outcome == "requeued")


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise InvalidRequest(f"{text} is not the id of a job.") from None


async def drain(options: Namespace) -> Result:
    """Give workers no further jobs, and with --now none of those that they have."""
    holder = "" if options.all else options.holder
    await acting.drain(holder)
    running = await _running_on(holder)
    if options.now:
        await asyncio.gather(*(acting.requeue(job.id) for job in running))
        return Result(said=f"drained: {len(running)} of its jobs queued again for other workers")
    return Result(said=f"drained: it gets no further jobs, and still runs {len(running)}")


async def _running_on(holder: str) -> list[OpsJob]:
    overview = await reading.read_overview()
    running = (job for job in overview.jobs if job.status == "running" and job.holder)
    return [job for job in running if (job.holder or "").startswith(holder)]


async def resume(options: Namespace) -> Result:
    """End a drain."""
    ended = await acting.resume("" if options.all else options.holder)
    said = "it gets jobs again" if ended else "it was not drained under this name"
    return Result(said=said, is_well=ended)
