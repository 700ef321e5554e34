"""Who may end a live lease: its holder by a release or a finish, a cancel, or the claim of its own job."""

from tests.faults.evidence.entries import Entry
from tests.faults.rules.states import Lock, ProjectState

RULE = "a live lease ends only by its holder, a cancel, or a claim of its own job"
DELETED = "a project whose lease is live is not deleted"


def may_end(entry: Entry, lock: Lock) -> bool:
    """Tell whether the call that removed a live lease's row may do so."""
    match entry.function:
        case "cancel_job":
            return True
        case "release_lease":
            return lock.job_id is None
        case "finish_job":
            return lock.job_id is not None
        case "claim_job":  # it replaces the lease of the dispatch
            return lock.job_id is not None and lock.holder == "dispatch"
        case _:
            return False


def may_shorten(entry: Entry, lock: Lock) -> bool:
    """Tell whether the call that brought a lease's end forward may do so: its holder's renewals and its release may."""
    dead = lock.expires_at <= entry.at
    return dead or entry.function in ("release_lease", "renew_lease", "heartbeat")


def hands_over(entry: Entry, before: Lock, new: Lock) -> bool:
    """Tell whether a claim takes its job over from the dispatch."""
    claimed = entry.function == "claim_job" and before.holder == "dispatch"
    return claimed and before.job_id == new.job_id


def may_stay_removed(removed: Lock, state: ProjectState, function: str) -> bool:
    """Tell whether a transaction that removed a live lease has left things in order: a claim goes on with its job."""
    if function != "claim_job":
        return True
    return state.lock is not None and state.lock.job_id == removed.job_id


def was_live(entry: Entry, state: ProjectState) -> bool:
    """Tell whether a lease was live when this transaction began to change things."""
    lock = state.removed_live or state.lock
    return lock is not None and lock.expires_at > entry.at
