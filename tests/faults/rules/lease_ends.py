"""Which calls may end a live lease: its holder's release, finish or return, a cancel, or the claim of its own job.

And which may take a project from its queued job: none before the job's deadline.
"""

from tests.faults.evidence.entries import Entry
from tests.faults.rules.states import Lock, ProjectState

RULE = "a live lease ends only by its holder, a cancel, or a claim of its own job"
DELETED = "a project that a lease or a queued job holds is not deleted"
WAITING = "a queued job holds its project until it is claimed, cancelled or past its deadline"


def may_end(entry: Entry, lock: Lock) -> bool:
    """True if the call that removed a live lease's row may do so."""
    match entry.function:
        case "cancel_job":
            return True
        case "release_lease":
            return lock.job_id is None
        case "finish_job":
            return lock.job_id is not None
        case "return_job":  # it is replaced by the lease of the next dispatch
            return lock.job_id is not None and lock.holder != "dispatch"
        case "claim_job":  # it replaces the lease of the dispatch
            return lock.job_id is not None and lock.holder == "dispatch"
        case _:
            return False


def may_shorten(entry: Entry, lock: Lock) -> bool:
    """True if the call that shortened a lease may do so.

    Its holder's renewal and release may, and so may the attempt that gives up, for that of its own job.
    """
    if lock.expires_at <= entry.at or entry.function in (
        "release_lease",
        "renew_lease",
        "heartbeat",
    ):
        return True
    of_attempt = lock.job_id is not None and lock.holder != "dispatch"
    return entry.function == "abandon_job" and of_attempt


def replaces_dispatch(entry: Entry, before: Lock, new: Lock) -> bool:
    """True if a claim replaces the dispatch lease of its own job, or a return is replaced by one."""
    claimed = entry.function == "claim_job" and before.holder == "dispatch"
    returned = entry.function == "return_job" and new.holder == "dispatch"
    return (claimed or returned) and before.job_id == new.job_id


def may_stay_removed(removed: Lock, state: ProjectState, function: str) -> bool:
    """True if a transaction may leave a live lease removed.

    A claim and a return must replace it by one of the same job.
    """
    if function not in ("claim_job", "return_job"):
        return True
    return state.lock is not None and state.lock.job_id == removed.job_id


def leaves_waiting_job(entry: Entry, state: ProjectState, new: Lock) -> bool:
    """True if a grant leaves the project to its queued job, if it has one: only that job may get the lease."""
    waiting = state.waiting(entry.at)
    return waiting is None or new.job_id == waiting["id"]


def was_held(entry: Entry, state: ProjectState) -> bool:
    """True if a lease was live, or a job was queued, before this transaction's changes."""
    lock = state.removed_live or state.lock
    live = lock is not None and lock.expires_at > entry.at
    return live or state.waiting(entry.at) is not None
