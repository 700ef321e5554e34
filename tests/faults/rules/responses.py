"""Checks responses against the audit trail: what a caller was told has happened must stay true."""

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from tests.faults.evidence.entries import Entry
from tests.faults.evidence.events import Event, outcome, percentage, project_of
from tests.faults.rules.health import Health
from tests.faults.rules.model import Model
from tests.faults.rules.reads import Attempt, Reads
from tests.faults.rules.refusals import broken_by_database, broken_by_library
from tests.faults.rules.sql_responses import CHECKS, RENEWAL, ended, is_granted, is_renewed
from tests.faults.rules.states import ProjectState
from tests.faults.rules.violations import Violation
from tests.faults.stack.layout import LEASE_TTL_SECONDS

SLACK_SECONDS = 0.25
"""A commit becomes visible a moment after its timestamp; on a busy machine it may take this long."""
UNAVAILABLE = 503
SERVER_ERROR = 500
CONFLICT = 409
OWN_RELEASE = "a release ends the caller's own lease and no other"
WRITES = ("heartbeat", "record_clip", "finish_job", "return_job")
REFUSALS = ("lost", "cancelled")


@dataclass(kw_only=True)
class Responses:
    """Checks each response, once the audit trail has been read up to it.

    `clock_offset` converts monotonic time to the database's.
    """

    model: Model
    clock_offset: float = field(default_factory=lambda: time.time() - time.monotonic())
    counts: dict[str, int] = field(default_factory=lambda: defaultdict[str, int](int))
    refused_writes: Counter[str] = field(default_factory=Counter[str])
    """Responses to writes under a lease that its caller had already lost, by call and outcome."""
    durations: dict[str, list[float]] = field(
        default_factory=lambda: defaultdict[str, list[float]](list)
    )
    """Response times of the library in seconds, by request."""
    directory: str = "/editai-faults"
    """Where the run keeps its files: no response may contain it."""
    health: Health = field(default_factory=lambda: Health(ttl_seconds=LEASE_TTL_SECONDS))
    _releasing: set[str] = field(default_factory=set[str])
    """The leases that their holders have asked to release."""
    _unrequested: list[tuple[str, Entry]] = field(default_factory=list[tuple[str, Entry]])
    _reads: Reads = field(default_factory=Reads)
    _contradicted: Event | None = None
    """The earlier response that the current one contradicts."""
    _keys: dict[str, str] = field(default_factory=dict[str, str])

    def check(self, events: Sequence[Event]) -> None:
        """Check responses that arrived before the audit trail was last read."""
        self._releasing |= {event["releasing"] for event in events if "releasing" in event}
        self._check_releases()
        for event in events:
            if "releasing" in event:
                continue
            self._count(event)
            self.health.note(event, self.clock_offset)
            self._contradicted = None
            if broken := self._broken(event):
                told = [e for e in (self._contradicted, event) if e is not None]
                project_id = str(project_of(event))
                trail = self.model.trail(project_id)
                violation = Violation.of_responses(broken, project_id, told, trail)
                self.model.violations.append(violation)

    def _check_releases(self) -> None:
        """Every released lease must have been released by its holder, who records that before asking.

        The holder's record may be read a moment after the trail, so a release without one is checked again next time.
        """
        unrequested = [r for r in self.model.releases if r[0] not in self._releasing]
        late = {entry.seq for _, entry in self._unrequested}
        for _, entry in unrequested:
            if entry.seq in late:
                self.model.break_rule(OWN_RELEASE, entry)
        self._unrequested = [(lease_id, e) for lease_id, e in unrequested if e.seq not in late]
        self.model.releases = list(self._unrequested)

    def _count(self, event: Event) -> None:
        name = event.get("call") or event["http"]
        self.counts[f"{name} {event['status']} {event.get('error') or ''}".rstrip()] += 1
        if event.get("http"):
            self.durations[name].append(event["responded_at"] - event["requested_at"])
        if name in WRITES and (told := outcome(event)) in REFUSALS:
            self.refused_writes[f"{name}: {told}"] += 1

    def _broken(self, event: Event) -> str | None:
        """The rule that a response breaks, if any."""
        status = event["status"]
        if event.get("http"):
            if status >= SERVER_ERROR and status != UNAVAILABLE:
                return "a fault is answered with 503"
            form = broken_by_library(event, directory=self.directory)
            return form or self._broken_by_http(event)
        if broken := broken_by_database(event):
            return broken
        if event["response"] is None:
            return None
        state = self.model.projects[str(project_of(event))]
        if check := CHECKS.get(event["call"]):
            return check(event, state)
        check = self._checks.get(event["call"])
        return check(self, event, state) if check else None

    def _broken_by_http(self, event: Event) -> str | None:
        state, status = self.model.projects[event["project_id"]], event["status"]
        response = event["response"]
        if status == CONFLICT:
            return self._conflict(event, state)
        if event["http"] == "start" and status == 202:
            return self._started(event, state, response["job"]["id"])
        if event["http"] == "progress" and status == 200 and response["job"]:
            job = response["job"]
            return self._read(event, state, (job["id"], job["attempt"]), job["status"])
        if event["http"] == "cancel" and status == 200 and response.get("job"):
            return ended(state, response["job"]["id"], "cancelled")
        return None

    def _conflict(self, event: Event, state: ProjectState) -> str | None:
        if state.was_held(*self._request(event)):
            return None
        return "409 is answered only if a lease was live or a job was queued at some moment of the request"

    def _request(self, event: Event) -> tuple[float, float]:
        """The interval of the database's clock in which a request was in flight."""
        begun_at = event["requested_at"] + self.clock_offset - SLACK_SECONDS
        return begun_at, event["responded_at"] + self.clock_offset + SLACK_SECONDS

    def _started(self, event: Event, state: ProjectState, job_id: str) -> str | None:
        key = event.get("key")
        if key and self._keys.setdefault(key, job_id) != job_id:
            return "an idempotency key starts one job"
        return None if job_id in state.past_jobs else "an acknowledged start is never lost"

    def _read(self, event: Event, state: ProjectState, attempt: Attempt, status: str) -> str | None:
        """Reads must not go down. Except by a cancel, which clears progress, even of a job that has already ended.

        And except when the job was given back: its next attempt has the same number.
        """
        if status == "cancelled":
            return None
        found = self._reads.contradiction(attempt, event, percentage(event))
        if found is None:
            return None
        asked_at = found.earlier["requested_at"] + self.clock_offset - SLACK_SECONDS
        if state.was_returned(asked_at, self._request(event)[1]):
            return None
        told_at = found.earlier["responded_at"] + self.clock_offset - SLACK_SECONDS
        if state.was_cleared(told_at, self._request(event)[1]):
            return None
        self._contradicted = found.earlier
        return found.rule

    def _heartbeat(self, event: Event, state: ProjectState) -> str | None:
        if event["response"]["outcome"] != "held":
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
        outcome = event["response"]["outcome"]
        if outcome == "busy":
            return self._conflict(event, state)
        if outcome == "started":
            return self._started(event, state, event["response"]["job"]["id"])
        return None

    def _acquire(self, event: Event, state: ProjectState) -> str | None:
        if not event["response"]["granted"]:
            return self._conflict(event, state)
        return None if is_granted(event, state) else "an acknowledged lease is never lost"

    def _release(self, event: Event, state: ProjectState) -> str | None:
        if event["response"] is not True:
            return None
        begun_at, ended_at = self._request(event)
        released = state.released.get(event["params"]["p_lease_id"], ())
        if any(begun_at <= at <= ended_at for at in released):
            return None
        return OWN_RELEASE

    def _read_rows(self, event: Event, state: ProjectState) -> str | None:
        for row in event["response"]:
            if row["job_id"]:
                attempt = row["job_id"], row["job_attempt"]
                return self._read(event, state, attempt, row["job_status"])
        return None

    _checks: Mapping[str, Callable[["Responses", Event, ProjectState], str | None]] = field(
        default_factory=lambda: {
            "heartbeat": Responses._heartbeat,
            "start_job": Responses._start,
            "acquire_lease": Responses._acquire,
            "release_lease": Responses._release,
            "read_progress": Responses._read_rows,
        }
    )
