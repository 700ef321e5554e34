"""Checks of the SQL functions' responses for which the audit trail suffices."""

from collections.abc import Callable, Mapping

from tests.faults.evidence.entries import seconds
from tests.faults.evidence.events import Event
from tests.faults.rules.states import ProjectState, end_of

RENEWAL = "an acknowledged renewal is never lost"
OTHER_END = "a job has ended as its attempt was told"
CHECKPOINTS = "a claim is told of every checkpoint before it"
OWN_RETURN = "a return queues the caller's own attempt and no other"
OTHERS_END = "an end is acknowledged to none but the attempt that held the project"


def is_renewed(event: Event, state: ProjectState) -> bool:
    """True if the trail contains this renewal, with the end in the response."""
    ends = state.renewed.get(event["params"]["p_lease_id"], ())
    return seconds(event["response"]["expires_at"]) in ends


def is_granted(event: Event, state: ProjectState) -> bool:
    """True if the caller's lease was granted with the token in the response."""
    token = event["response"]["lease"]["fencing_token"]
    return state.leases.get(event["params"]["p_lease_id"]) == token


def ended(state: ProjectState, job_id: str, status: str) -> str | None:
    """An acknowledged end must stand, even if the job's project has been deleted since."""
    job = state.past_jobs.get(job_id)
    stands = job is not None and job.status == status
    return None if stands else "an acknowledged end is never lost"


def _renewed(event: Event, state: ProjectState) -> str | None:
    lost = event["response"]["renewed"] and not is_renewed(event, state)
    return RENEWAL if lost else None


def _recorded(event: Event, state: ProjectState) -> str | None:
    response = event["response"]
    clips = state.clips.get(event["params"]["p_job_id"], {})
    lost = response["outcome"] == "recorded" and response["clip"]["id"] not in clips
    return "an acknowledged checkpoint is never lost" if lost else None


def _finished(event: Event, state: ProjectState) -> str | None:
    if event["response"] != "finished":
        return None
    params = event["params"]
    job = state.past_jobs.get(params["p_job_id"])
    if job is not None and job.token != params["p_fencing_token"]:
        return OTHERS_END
    if job is not None and job.end != end_of(params["p_result"], params["p_error"]):
        return OTHER_END
    return ended(state, params["p_job_id"], params["p_status"])


def _returned(event: Event, state: ProjectState) -> str | None:
    response = event["response"]
    if response["outcome"] != "returned":
        return None
    token = state.requeued.get(response["dispatch_token"])
    return None if token == event["params"]["p_fencing_token"] else OWN_RETURN


def _claim(event: Event, state: ProjectState) -> str | None:
    response = event["response"]
    if response["outcome"] != "claimed":
        return None
    if not is_granted(event, state):
        return "an acknowledged claim is never lost"
    token = response["lease"]["fencing_token"]
    recorded = state.clips.get(event["params"]["p_job_id"], {})
    before = {clip_id for clip_id, of_token in recorded.items() if of_token < token}
    return None if before <= {clip["id"] for clip in response["clips"]} else CHECKPOINTS


def _cancel(event: Event, state: ProjectState) -> str | None:
    response = event["response"]
    job_id = response["job"] and response["job"]["id"]
    if response["outcome"] != "cancelled" or not job_id:
        return None
    return ended(state, job_id, "cancelled")


CHECKS: Mapping[str, Callable[[Event, ProjectState], str | None]] = {
    "renew_lease": _renewed,
    "record_clip": _recorded,
    "finish_job": _finished,
    "return_job": _returned,
    "claim_job": _claim,
    "cancel_job": _cancel,
}
"""By SQL function: each returns the rule that a response breaks, if any."""
