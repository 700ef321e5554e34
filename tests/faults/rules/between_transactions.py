"""Rules that hold between transactions: an active job has a lease row, an ended one has none."""

from collections.abc import Generator

from tests.faults.evidence.entries import Entry
from tests.faults.rules import lease_ends
from tests.faults.rules.job_rules import ACTIVE, EXPORTED, Broken
from tests.faults.rules.states import ProjectState


def broken_between(entry: Entry, state: ProjectState) -> Generator[Broken]:
    """The rules that a project breaks after a transaction, whose last entry is `entry`."""
    active = [job for job in state.jobs.values() if job["status"] in ACTIVE]
    if len(active) > 1:
        yield "no two jobs are active on one project", {}
    for job in active:
        shown = state.shown_token
        if job["status"] == "running" and shown not in (None, job["fencing_token"]):
            yield "an attempt shows no progress but its own", {"shown": shown}
    held_by = state.lock and state.lock.job_id
    if active and held_by != active[0]["id"]:
        yield "nothing is queued without a dispatch or running without a lease", {}
    if held_by and held_by not in [job["id"] for job in active]:
        yield "a job's end and its lease's end are one transaction", {}
    if state.exported and state.past_jobs[state.exported].status != "completed":
        yield EXPORTED, {"exported": state.exported}
    removed = state.removed_live
    if removed and not lease_ends.may_stay_removed(removed, state, entry.function):
        yield lease_ends.RULE, {"by": entry.function}
