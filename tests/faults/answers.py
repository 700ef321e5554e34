"""What callers were told, held against the audit trail: what an answer says has happened must stay true."""

import time
from collections import defaultdict, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.faults.model import Model
from tests.faults.states import ProjectState
from tests.faults.violations import Violation

Event = Mapping[str, Any]

SLACK_SECONDS = 0.25
"""A commit is seen by others a moment after its timestamp; a busy machine may put this between."""
UNAVAILABLE = 503
SERVER_ERROR = 500
CONFLICT = 409


@dataclass(kw_only=True)
class Answers:
    """Judges each answer once the audit trail has caught up with it.

    `clock_offset` turns monotonic into database time.
    """

    model: Model
    clock_offset: float = field(default_factory=lambda: time.time() - time.monotonic())
    counts: dict[str, int] = field(default_factory=lambda: defaultdict[str, int](int))
    _reads: dict[tuple[str, int], deque[Event]] = field(
        default_factory=lambda: defaultdict[tuple[str, int], deque[Event]](lambda: deque(maxlen=20))
    )
    _witness: Event | None = None
    """The earlier answer that the one being judged contradicts."""
    _keys: dict[str, str] = field(default_factory=dict[str, str])

    def judge(self, events: Sequence[Event]) -> None:
        """Judge answers that came before the audit trail was read for the last time."""
        for event in events:
            self.counts[f"{event.get('call') or event['http']} {event['status']}"] += 1
            self._witness = None
            if broken := self._broken(event):
                told = [e for e in (self._witness, event) if e is not None]
                project_id = str(_project_of(event))
                trail = self.model.trail(project_id)
                violation = Violation.of_answers(broken, project_id, told, trail)
                self.model.violations.append(violation)

    def _broken(self, event: Event) -> str | None:
        """The rule that an answer breaks."""
        status = event["status"]
        if event.get("http"):
            if status >= SERVER_ERROR and status != UNAVAILABLE:
                return "a fault is answered with 503"
            return self._broken_by_http(event)
        check = self._checks.get(event["call"])
        if check is None or event["answer"] is None:
            return None
        project_id = _project_of(event)
        return check(self, event, self.model.projects[str(project_id)])

    def _broken_by_http(self, event: Event) -> str | None:
        state, status = self.model.projects[event["project_id"]], event["status"]
        answer = event["answer"]
        if status == CONFLICT:
            return self._conflict(event, state)
        if event["http"] == "start" and status == 202:
            return self._started(event, state, answer["job"]["id"])
        if event["http"] == "progress" and status == 200 and answer["job"]:
            job = answer["job"]
            return self._read(event, job["id"], job["attempt"], job["status"])
        if event["http"] == "cancel" and status == 200 and answer.get("job"):
            return _ended(state, answer["job"]["id"], "cancelled")
        return None

    def _conflict(self, event: Event, state: ProjectState) -> str | None:
        begun_at = event["asked_at"] + self.clock_offset - SLACK_SECONDS
        ended_at = event["answered_at"] + self.clock_offset + SLACK_SECONDS
        if state.was_live(begun_at, ended_at):
            return None
        return "409 is answered only if a lease was live at some moment of the request"

    def _started(self, event: Event, state: ProjectState, job_id: str) -> str | None:
        key = event.get("key")
        if key and self._keys.setdefault(key, job_id) != job_id:
            return "an idempotency key starts one job"
        return None if job_id in state.past_jobs else "an acknowledged start is never lost"

    def _read(self, event: Event, job_id: str, attempt: int, status: str) -> str | None:
        """Of two reads one after the other, the second never shows less, within one attempt.

        But for a cancel, which clears progress.
        """
        if status == "cancelled":
            return None
        seen = self._reads[job_id, attempt]
        percentage = _percentage(event)
        for earlier in seen:
            before = earlier["answered_at"] < event["asked_at"]
            if before and percentage < _percentage(earlier):
                self._witness = earlier
                return "acknowledged progress never goes down within an attempt"
        seen.append(event)
        return None

    def _heartbeat(self, event: Event, state: ProjectState) -> str | None:
        if event["answer"]["outcome"] != "held":
            return None
        params = event["params"]
        written = state.progress.get(params["p_fencing_token"], -1)
        if params["p_lease_id"] not in state.renewed:
            return "an acknowledged renewal is never lost"
        if params.get("p_percentage", -1) > written:
            return "acknowledged progress is never lost"
        return None

    def _recorded(self, event: Event, state: ProjectState) -> str | None:
        answer = event["answer"]
        lost = answer["outcome"] == "recorded" and answer["clip"]["id"] not in state.clips
        return "an acknowledged checkpoint is never lost" if lost else None

    def _finished(self, event: Event, state: ProjectState) -> str | None:
        if event["answer"] != "finished":
            return None
        return _ended(state, event["params"]["p_job_id"], event["params"]["p_status"])

    def _start(self, event: Event, state: ProjectState) -> str | None:
        outcome = event["answer"]["outcome"]
        if outcome == "busy":
            return self._conflict(event, state)
        if outcome == "started":
            return self._started(event, state, event["answer"]["job"]["id"])
        return None

    def _claim(self, event: Event, state: ProjectState) -> str | None:
        claimed = event["answer"]["outcome"] == "claimed"
        lost = claimed and event["params"]["p_lease_id"] not in state.leases
        return "an acknowledged claim is never lost" if lost else None

    def _cancel(self, event: Event, state: ProjectState) -> str | None:
        answer = event["answer"]
        job_id = answer["job"] and answer["job"]["id"]
        if answer["outcome"] != "cancelled" or not job_id:
            return None
        return _ended(state, job_id, "cancelled")

    def _acquire(self, event: Event, state: ProjectState) -> str | None:
        if not event["answer"]["granted"]:
            return self._conflict(event, state)
        lost = event["params"]["p_lease_id"] not in state.leases
        return "an acknowledged lease is never lost" if lost else None

    def _release(self, event: Event, state: ProjectState) -> str | None:
        wrong = event["answer"] is True and event["params"]["p_lease_id"] not in state.released
        return "a release ends the caller's own lease and no other" if wrong else None

    def _read_rows(self, event: Event, _state: ProjectState) -> str | None:
        for row in event["answer"]:
            if row["job_id"]:
                return self._read(event, row["job_id"], row["job_attempt"], row["job_status"])
        return None

    _checks: Mapping[str, Callable[["Answers", Event, ProjectState], str | None]] = field(
        default_factory=lambda: {
            "heartbeat": Answers._heartbeat,
            "record_clip": Answers._recorded,
            "finish_job": Answers._finished,
            "start_job": Answers._start,
            "claim_job": Answers._claim,
            "cancel_job": Answers._cancel,
            "acquire_lease": Answers._acquire,
            "release_lease": Answers._release,
            "read_progress": Answers._read_rows,
        }
    )


def _project_of(event: Event) -> str:
    if event.get("http"):
        return event["project_id"]
    if event["call"] == "claim_job" and event["answer"]:
        return event["answer"]["job"]["project_id"] or ""
    return event["params"].get("p_project_id", "")


def _percentage(event: Event) -> int:
    """Of a read over HTTP, or of one over SQL."""
    answer = event["answer"]
    return (answer if event.get("http") else answer[0])["percentage"]


def _ended(state: ProjectState, job_id: str, status: str) -> str | None:
    """An end that was told stands; a job whose project has been deleted since ended all the same."""
    return None if state.past_jobs.get(job_id) == status else "an acknowledged end is never lost"
