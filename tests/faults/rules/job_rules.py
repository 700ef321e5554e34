"""How a job may change: which SQL function may set which status, and under which lease."""

from collections.abc import Generator, Mapping
from typing import Any

from tests.faults.evidence.entries import Entry, Row, seconds
from tests.faults.rules.states import ProjectState

Broken = tuple[str, Mapping[str, Any]]
"""A rule, and the facts that show how it was broken."""

ACTIVE = ("queued", "running")
NEXT_STATUS: Mapping[str, tuple[str, ...]] = {
    "queued": ("running", "failed", "cancelled"),
    "running": ("queued", "completed", "failed", "cancelled"),
}
BY: Mapping[str, tuple[str, ...]] = {
    "running": ("claim_job",),
    "queued": ("cleanup_leases", "return_job"),
    "completed": ("finish_job",),
    "failed": ("finish_job", "cleanup_leases", "claim_job", "start_job", "acquire_lease"),
    "cancelled": ("cancel_job",),
}
"""The SQL functions that may set each status."""

EXHAUSTED = ("attempts_exhausted", "deadline_exceeded")
SUPERSEDED = "superseded"
RENDER = "final_render"
EXPORTED = "a render's end and its export are one transaction"
ENDS = "a job is ended by its holder, by a cancel, or by a caller that finds its lease expired"
RETURNED = "a job that its worker gives back has spent no attempt"
WAITS = "a queued job fails only when no attempt or no time is left"


def broken_by_change(entry: Entry, state: ProjectState, old: Row, new: Row) -> Generator[Broken]:
    """The rules that a change of a job's row breaks."""
    was, now = old["status"], new["status"]
    if was not in ACTIVE:
        yield "a finished job never changes again", {}
    elif was != now and now not in NEXT_STATUS[was]:
        yield "a job goes from status to status as agreed", {"was": was, "now": now}
    taken_back = takes_back_attempt(entry, old, new)
    if new["attempt"] > new["max_attempts"] or (new["attempt"] < old["attempt"] and not taken_back):
        yield "attempts never pass the maximum", {}
    if not taken_back and not _counts_attempts(state, old, new):
        yield "each attempt has a token of its own and is counted once", {"was": old["attempt"]}
    if was != now and entry.function not in BY[now]:
        yield "a job changes only by the calls that may change it", {"by": entry.function}
    if is_returned(entry, old, new) and state.taken_back != new["id"]:
        yield RETURNED, {"attempt": new["attempt"]}
    if was != now == "completed" and (new["kind"] == RENDER) != (state.exported == new["id"]):
        yield EXPORTED, {"exported": state.exported}
    if was == "queued" and now == "failed" and not _is_exhausted(entry, old):
        yield WAITS, {"by": entry.function, "error": new["error"]}
    if now == "failed" and was in ACTIVE and not _may_fail(entry, state, old, new):
        yield ENDS, {"by": entry.function, "error": new["error"]}


def takes_back_attempt(entry: Entry, old: Row, new: Row) -> bool:
    """True if this change uncounts the attempt of a worker that gives its job back."""
    uncounted = new["attempt"] == old["attempt"] - 1
    return entry.function == "return_job" and uncounted and old["status"] == "running"


def is_returned(entry: Entry, old: Row, new: Row) -> bool:
    """True if the job's worker gave it back."""
    queued = old["status"] == "running" and new["status"] == "queued"
    return queued and entry.function == "return_job"


def is_end_by_holder(entry: Entry, new: Row) -> bool:
    """True if the job's worker ended it, which requires the current token."""
    status = new["status"]
    return status == "completed" or (status == "failed" and entry.function == "finish_job")


def holds(state: ProjectState, job: Row) -> bool:
    """True if a job's attempt holds its project."""
    lock = state.lock
    return lock is not None and lock.job_id == job["id"] and lock.token == job["fencing_token"]


def _counts_attempts(state: ProjectState, old: Row, new: Row) -> bool:
    """True if token and attempt change together or not at all, and the new token is the lease's."""
    if new["fencing_token"] == old["fencing_token"]:
        return new["attempt"] == old["attempt"]
    counted = new["attempt"] == old["attempt"] + 1 and new["status"] == "running"
    return counted and holds(state, new)


def _may_fail(entry: Entry, state: ProjectState, old: Row, new: Row) -> bool:
    code = new["error"]["code"] if new["error"] else None
    lock = state.lock
    if code == SUPERSEDED:  # the same transaction took the project over
        taken = lock is not None and lock.job_id != old["id"] and state.lock_txid == entry.txid
        return taken and entry.function in ("start_job", "acquire_lease")
    if code in EXHAUSTED:
        dead = lock is not None and lock.job_id == old["id"] and lock.expires_at <= entry.at
        return (
            dead and entry.function in ("cleanup_leases", "claim_job") and _is_exhausted(entry, old)
        )
    return entry.function == "finish_job" and old["status"] == "running"


def _is_exhausted(entry: Entry, job: Row) -> bool:
    return job["attempt"] >= job["max_attempts"] or seconds(job["deadline_at"]) <= entry.at
