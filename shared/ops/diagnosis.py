"""Finds what is wrong, with one job and with all of it, in facts that were read before."""

from collections.abc import Iterable
from datetime import timedelta

from shared.ops.records import Finding, JobEvent, JobStory, OpsJob, Overview

CLEANUP_LATE_SECONDS = 180.0
"""Cleanup runs each minute; three missed runs are not chance."""
NO_PROGRESS_SECONDS = 300.0
UNCLAIMED_DISPATCHES = 2
"""The first dispatch may meet a worker that is full; the next one, half a minute later, should not."""
REPEATED = 2
LONG_WAIT_SECONDS = 600.0


def explain(story: JobStory, overview: Overview) -> tuple[Finding, ...]:
    """Why a job is not done, or why it failed: what is wrong with it, then what is wrong around it."""
    if story.job.finished_at:
        around = check_lease(story.job.project_id, overview)
    else:
        around = [*check_cleanup(overview), *check_drains(overview)]
    return (*check_job(story.job), *check_attempts(story.events), *around)


def check_all(overview: Overview) -> tuple[Finding, ...]:
    """What is wrong with cleanup, the queue, the workers and each active job."""
    jobs = [finding for job in overview.jobs for finding in check_job(job)]
    return (*check_cleanup(overview), *check_drains(overview), *jobs)


def check_job(job: OpsJob) -> list[Finding]:
    """What is wrong with a job by itself."""
    match job.status:
        case "failed":
            return [_failed(job)]
        case "queued":
            return _check_queued(job)
        case "running":
            return _check_running(job)
        case _:
            return []


def _failed(job: OpsJob) -> Finding:
    error = job.error or {}
    what = f"{_name(job)} failed: {error.get('code')}: {error.get('detail')}"
    return Finding(code="job-failed", what=what, then=(f"editai-admin job {job.id}",))


def _check_queued(job: OpsJob) -> list[Finding]:
    waited = job.seconds_since(job.created_at)
    if job.dispatches < UNCLAIMED_DISPATCHES and waited < LONG_WAIT_SECONDS:
        return []
    times = "once" if job.dispatches == 1 else f"{job.dispatches} times"
    what = (
        f"{_name(job)} waits for a worker: queued {_seconds(waited)} ago, dispatched {times}, not claimed. "
        "The queue is paused or does not reach the worker, the workers are full, or they are drained."
    )
    return [
        Finding(
            code="not-claimed",
            what=what,
            then=(
                "editai-admin queue",
                "gcloud tasks queues describe editai-jobs --location=REGION",
                "gcloud tasks queues resume editai-jobs --location=REGION",
                f"editai-admin requeue {job.id}",
            ),
        )
    ]


def _check_running(job: OpsJob) -> list[Finding]:
    if job.expires_at is None or job.expires_at <= job.read_at:
        gone = f"the lease of {job.holder} has expired" if job.holder else "it has no lease"
        return [
            Finding(
                code="worker-gone",
                what=f"{_name(job)} has no live worker: {gone}. Cleanup queues it again.",
                then=("editai-admin cleanup", f"editai-admin requeue {job.id}"),
            )
        ]
    if job.stalled_at is not None and job.stalled_at <= job.read_at:
        left = (job.expires_at - job.read_at).total_seconds()
        what = (
            f"{_name(job)}: its worker {job.holder} has missed two heartbeats. It is dead or gets no CPU. "
            f"Its lease ends in {_seconds(left)}, and cleanup then queues the job again."
        )
        return [Finding(code="worker-silent", what=what, then=(f"editai-admin job {job.id}",))]
    stuck = job.seconds_since(job.changed_at)
    if stuck < NO_PROGRESS_SECONDS:
        return []
    what = (
        f"{_name(job)}: its worker {job.holder} sends heartbeats, but nothing has changed for {_seconds(stuck)} "
        f"at {job.percentage} % ({job.current_step})."
    )
    then = (f"editai-admin requeue {job.id}", f"editai-admin cancel {job.project_id}")
    return [Finding(code="no-progress", what=what, then=then)]


def check_attempts(events: Iterable[JobEvent]) -> list[Finding]:
    """What the attempts of a job have in common: the same fault again, or workers that die."""
    ended = [event for event in events if event.event in ("abandoned", "requeued")]
    codes = [event.code for event in ended if event.event == "abandoned"]
    if codes:
        times = "once" if len(codes) == 1 else f"{len(codes)} times"
        what = f"Its attempts were abandoned {times}, the last one for {codes[-1]}."
        return [Finding(code=f"abandoned-{codes[-1]}", what=what, then=("editai-admin doctor",))]
    if len(ended) < REPEATED:
        return []
    what = f"{len(ended)} workers stopped responding while they ran it: it may need more memory than they have."
    return [Finding(code="workers-die", what=what)]


def check_lease(project_id: str, overview: Overview) -> list[Finding]:
    """Whether something other than a job holds a project, so that its next job gets 409."""
    return [
        Finding(
            code="held-without-a-job",
            what=f"No job runs, but {lease.holder} holds project {project_id}, "
            f"at least until {lease.expires_at:%Y-%m-%d %H:%M:%S} UTC. Every start gets 409 until then.",
            then=("editai-admin leases",),
        )
        for lease in overview.leases
        if lease.project_id == project_id
        and lease.job_id is None
        and lease.expires_at > lease.read_at
    ]


def check_cleanup(overview: Overview) -> list[Finding]:
    """Whether anyone cleans up, and completely."""
    trigger = (
        "editai-admin cleanup",
        "gcloud scheduler jobs describe editai-lease-cleanup --location=REGION",
        "gcloud scheduler jobs run editai-lease-cleanup --location=REGION",
    )
    late = timedelta(seconds=CLEANUP_LATE_SECONDS)
    recent = [run for run in overview.cleanup if run.read_at - run.ended_at < late]
    if not overview.cleanup:
        return [
            Finding(code="cleanup-not-running", what="Cleanup has never run here.", then=trigger)
        ]
    if not recent:
        last = max(overview.cleanup, key=lambda run: run.ended_at)
        ago = _seconds((last.read_at - last.ended_at).total_seconds())
        what = f"Cleanup does not run: the last one, by {last.runner}, ended {ago} ago."
        return [Finding(code="cleanup-not-running", what=what, then=trigger)]
    return [
        Finding(
            code="cleanup-incomplete",
            what=f"Steps of cleanup fail: {', '.join(run.failed_steps)} (by {run.runner}).",
            then=("editai-admin cleanup",),
        )
        for run in recent
        if run.failed_steps
    ]


def check_drains(overview: Overview) -> list[Finding]:
    """Drains, which someone may have forgotten."""
    return [
        Finding(
            code="drained",
            what=f"{f'Workers named {drain.holder}…' if drain.holder else 'All workers'} get no jobs since "
            f"{drain.since:%Y-%m-%d %H:%M} UTC.",
            then=(f"editai-admin resume {drain.holder or '--all'}",),
        )
        for drain in overview.drains
    ]


def _name(job: OpsJob) -> str:
    return f"Job {job.id} ({job.kind}, project {job.project_id})"


def _seconds(seconds: float) -> str:
    """A duration as people say it."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min" if minutes else f"{rest} s"
