"""What callers were told, held against the audit trail: what an answer says has happened must stay true."""

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from tests.faults.evidence.entries import Entry
from tests.faults.evidence.events import Event, outcome, percentage, project_of
from tests.faults.evidence.sql_answers import CHECKS, RENEWAL, ended, is_granted, is_renewed
from tests.faults.rules.health import Health
from tests.faults.rules.model import Model
from tests.faults.rules.reads import Attempt, Reads
from tests.faults.rules.refusals import broken_by_database, broken_by_library
from tests.faults.rules.states import ProjectState
from tests.faults.rules.violations import Violation
from tests.faults.stack.layout import LEASE_TTL_SECONDS

SLACK_SECONDS = 0.25
"""A commit is seen by others a moment after its timestamp; a busy machine may put this between."""
UNAVAILABLE = 503
SERVER_ERROR = 500
CONFLICT = 409
OWN_RELEASE = "a release ends the caller's own lease and no other"
WRITES = ("heartbeat", "record_clip", "finish_job")
REFUSALS = ("lost", "cancelled")


@dataclass(kw_only=True)
class Answers:
    """Judges each answer once the audit trail has caught up with it.

    `clock_offset` turns monotonic into database time.
    """

    model: Model
    clock_offset: float = field(default_factory=lambda: time.time() - time.monotonic())
    counts: dict[str, int] = field(default_factory=lambda: defaultdict[str, int](int))
    refused_writes: Counter[str] = field(default_factory=Counter[str])
    """What those were told who wrote under a lease that was not theirs any more."""
    durations: dict[str, list[float]] = field(
        default_factory=lambda: defaultdict[str, list[float]](list)
    )
    """Seconds that the library took to answer, by request."""
    directory: str = "/editai-faults"
    """Where the run keeps its files: nobody is told."""
    health: Health = field(default_factory=lambda: Health(ttl_seconds=LEASE_TTL_SECONDS))
    _releasing: set[str] = field(default_factory=set[str])
    """The leases that their holders have asked to give back."""
    _unasked: list[tuple[str, Entry]] = field(default_factory=list[tuple[str, Entry]])
    _reads: Reads = field(default_factory=Reads)
    _witness: Event | None = None
    """The earlier answer that the one being judged contradicts."""
    _keys: dict[str, str] = field(default_factory=dict[str, str])

    def judge(self, events: Sequence[Event]) -> None:
        """Judge answers that came before the audit trail was read for the last time."""
        self._releasing |= {event["releasing"] for event in events if "releasing" in event}
        self._check_releases()
        for event in events:
            if "releasing" in event:
                continue
            self._count(event)
            self.health.note(event, self.clock_offset)
            self._witness = None
            if broken := self._broken(event):
                told = [e for e in (self._witness, event) if e is not None]
                project_id = str(project_of(event))
                trail = self.model.trail(project_id)
                violation = Violation.of_answers(broken, project_id, told, trail)
                self.model.violations.append(violation)

    def _check_releases(self) -> None:
        """A lease is given back by its holder: one that has not asked for that has lost it to someone else.

        What a holder writes down may be read a moment after the trail: such a release is judged the next time.
        """
        unasked = [r for r in self.model.releases if r[0] not in self._releasing]
        late = {entry.seq for _, entry in self._unasked}
        for _, entry in unasked:
            if entry.seq in late:
                self.model.break_rule(OWN_RELEASE, entry)
        self._unasked = [(lease_id, e) for lease_id, e in unasked if e.seq not in late]
        self.model.releases = list(self._unasked)

    def _count(self, event: Event) -> None:
        name = event.get("call") or event["http"]
        self.counts[f"{name} {event['status']} {event.get('error') or ''}".rstrip()] += 1
        if event.get("http"):
            self.durations[name].append(event["answered_at"] - event["requested_at"])
        if name in WRITES and (told := outcome(event)) in REFUSALS:
            self.refused_writes[f"{name}: {told}"] += 1

    def _broken(self, event: Event) -> str | None:
        """The rule that an answer breaks."""
        status = event["status"]
        if event.get("http"):
            if status >= SERVER_ERROR and status != UNAVAILABLE:
                return "a fault is answered with 503"
            form = broken_by_library(event, directory=self.directory)
            return form or self._broken_by_http(event)
        if broken := broken_by_database(event):
            return broken
        if event["answer"] is None:
            return None
        state = self.model.projects[str(project_of(event))]
        if check := CHECKS.get(event["call"]):
            return check(event, state)
        check = self._checks.get(event["call"])
        return check(self, event, state) if check else None

    def _broken_by_http(self, event: Event) -> str | None:
        state, status = self.model.projects[event["project_id"]], event["status"]
        answer = event["answer"]
        if status == CONFLICT:
            return self._conflict(event, state)
        if event["http"] == "start" and status == 202:
            return self._started(event, state, answer["job"]["id"])
        if event["http"] == "progress" and status == 200 and answer["job"]:
            job = answer["job"]
            return self._read(event, state, (job["id"], job["attempt"]), job["status"])
        if event["http"] == "cancel" and status == 200 and answer.get("job"):
            return ended(state, answer["job"]["id"], "cancelled")
        return None

    def _conflict(self, event: Event, state: ProjectState) -> str | None:
        if state.was_live(*self._request(event)):
            return None
        return "409 is answered only if a lease was live at some moment of the request"

    def _request(self, event: Event) -> tuple[float, float]:
        """Between which moments of the database's clock a request was under way."""
        begun_at = event["requested_at"] + self.clock_offset - SLACK_SECONDS
        return begun_at, event["answered_at"] + self.clock_offset + SLACK_SECONDS

    def _started(self, event: Event, state: ProjectState, job_id: str) -> str | None:
        key = event.get("key")
        if key and self._keys.setdefault(key, job_id) != job_id:
            return "an idempotency key starts one job"
        return None if job_id in state.past_jobs else "an acknowledged start is never lost"

    def _read(self, event: Event, state: ProjectState, attempt: Attempt, status: str) -> str | None:
        """But for a cancel, which clears progress: of its job, or of one that had ended."""
        if status == "cancelled":
            return None
        found = self._reads.contradiction(attempt, event, percentage(event))
        if found is None:
            return None
        told_at = found.earlier["answered_at"] + self.clock_offset - SLACK_SECONDS
        if state.was_cleared(told_at, self._request(event)[1]):
            return None
        self._witness = found.earlier
        return found.rule

    def _heartbeat(self, event: Event, state: ProjectState) -> str | None:
        if event["answer"]["outcome"] != "held":
            return None
        params, token = event["params"], event["params"]["p_fencing_token"]
        written = params.get("p_percentage", -1)
        if not is_renewed(event, state):
            return RENEWAL
        if written > state.progress.get(token, -1):
            return "acknowledged progress is never lost"
        if token in state.attempts and written >= 0:
            self._reads.acknowledge(state.attempts[token], event, written)
        return None

    def _start(self, event: Event, state: ProjectState) -> str | None:
        outcome = event["answer"]["outcome"]
        if outcome == "busy":
            return self._conflict(event, state)
        if outcome == "started":
            return self._started(event, state, event["answer"]["job"]["id"])
        return None

    def _acquire(self, event: Event, state: ProjectState) -> str | None:
        if not event["answer"]["granted"]:
            return self._conflict(event, state)
        return None if is_granted(event, state) else "an acknowledged lease is never lost"

    def _release(self, event: Event, state: ProjectState) -> str | None:
        if event["answer"] is not True:
            return None
        begun_at, ended_at = self._request(event)
        released = state.released.get(event["params"]["p_lease_id"], ())
        if any(begun_at <= at <= ended_at for at in released):
            return None
        return OWN_RELEASE

    def _read_rows(self, event: Event, state: ProjectState) -> str | None:
        for row in event["answer"]:
            if row["job_id"]:
                attempt = row["job_id"], row["job_attempt"]
                return self._read(event, state, attempt, row["job_status"])
        return None

    _checks: Mapping[str, Callable[["Answers", Event, ProjectState], str | None]] = field(
        default_factory=lambda: {
            "heartbeat": Answers._heartbeat,
            "start_job": Answers._start,
            "acquire_lease": Answers._acquire,
            "release_lease": Answers._release,
            "read_progress": Answers._read_rows,
        }
    )
