"""The model: replays the audit trail, entry by entry and transaction by transaction, and checks the rules on the way.

A rule's name is the sentence that states it. Times are seconds of the database's clock.
"""

from collections import defaultdict, deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from tests.faults.evidence.entries import Entry, Row
from tests.faults.rules import lease_ends
from tests.faults.rules.between_transactions import broken_between
from tests.faults.rules.health import DeadLease
from tests.faults.rules.job_rules import (
    broken_by_change,
    is_end_by_holder,
    is_returned,
    takes_back_attempt,
)
from tests.faults.rules.states import Lock, ProjectState
from tests.faults.rules.violations import Violation

SLACK_SECONDS = 0.5
"""The SQL decides about a write a moment before its audit entry is written; on a busy machine it may take this long."""

REMEMBERED_DEAD = 1000
ORDER = "the audit trail is in the order of commits"


@dataclass(kw_only=True)
class Model:
    """Follows every project, and collects `violations`."""

    longest_ttl_seconds: float
    projects: dict[str, ProjectState] = field(
        default_factory=lambda: defaultdict[str, ProjectState](ProjectState)
    )
    violations: list[Violation] = field(default_factory=list[Violation])
    recoveries: list[tuple[float, float]] = field(default_factory=list[tuple[float, float]])
    """For each dead lease: when it was reclaimed, and how long after its last write."""
    dead_leases: deque[DeadLease] = field(
        default_factory=lambda: deque[DeadLease](maxlen=REMEMBERED_DEAD)
    )
    """The most recent dead leases."""
    releases: list[tuple[str, Entry]] = field(default_factory=list[tuple[str, Entry]])
    """Released leases whose holder's request has not been found yet."""
    operations: dict[str, int] = field(default_factory=lambda: defaultdict[str, int](int))
    _trail: dict[str, deque[Entry]] = field(
        default_factory=lambda: defaultdict[str, deque[Entry]](lambda: deque(maxlen=200))
    )

    def replay(self, entries: Iterable[Entry]) -> None:
        """Replay entries in the order of commits. All entries of a transaction come in one call."""
        for entry in entries:
            state = self.projects[entry.project_id]
            begins = state.txid != entry.txid
            if begins:
                self._end_transaction(entry.project_id, state)
            self._trail[entry.project_id].append(entry)
            if begins and not state.begin(entry):
                self.break_rule(ORDER, entry)
            state.seq = entry.seq
            getattr(self, f"_on_{entry.relation}")(entry, state)
        for project_id, state in self.projects.items():
            self._end_transaction(project_id, state)

    def trail(self, project_id: str) -> list[Entry]:
        """The last changes of a project."""
        return list(self._trail[project_id])

    def break_rule(self, rule: str, entry: Entry, **facts: Any) -> None:
        """Record a violation, with the changes that led to it."""
        trail = self.trail(entry.project_id)
        self.violations.append(Violation.shortest(rule, entry, trail, facts))

    def _on_editai_locks(self, entry: Entry, state: ProjectState) -> None:
        old = Lock.of(entry.old)
        new = Lock.of(entry.new)
        if new is None:
            self._on_end(entry, state, old)
        elif old is None or old.lease_id != new.lease_id or old.token != new.token:
            if not new.is_vacant:
                self._on_grant(entry, state, old, new)
        else:
            self._on_renewal(entry, state, old, new)
        state.lock = new
        state.lock_written_at, state.lock_txid = entry.at, entry.txid
        state.lock_written_by = entry.function

    def _on_grant(self, entry: Entry, state: ProjectState, old: Lock | None, new: Lock) -> None:
        self.operations["leases granted"] += 1
        if new.token <= state.highest_token:
            self.break_rule("tokens strictly increase", entry, highest=state.highest_token)
        state.highest_token = max(state.highest_token, new.token)
        before = state.removed_live or (None if old is None or old.is_vacant else old)
        lives = before is not None and before.expires_at > max(new.acquired_at, entry.at)
        if before is not None and lives and not lease_ends.replaces_dispatch(entry, before, new):
            self.break_rule("live leases never overlap", entry, until=before.expires_at)
        if not lease_ends.leaves_waiting_job(entry, state, new):
            self.break_rule(lease_ends.WAITING, entry, by=entry.function)
        if old is not None and not old.is_vacant:
            self._reclaimed(entry, state, old)
        self._check_clock(entry, new, new.acquired_at)
        state.grant(new, entry.at, entry.committed_at)

    def _check_clock(self, entry: Entry, lock: Lock, decided_at: float) -> None:
        """A lease begins now by the database's clock, and ends within a time to live."""
        far = lock.expires_at - entry.at > self.longest_ttl_seconds + SLACK_SECONDS
        if abs(decided_at - entry.at) > 2 + SLACK_SECONDS or far:
            self.break_rule("leases are measured by the database's clock", entry)
        if lock.deadline_at is not None and lock.expires_at > lock.deadline_at:
            self.break_rule("a lease never outlives its deadline", entry)

    def _on_renewal(self, entry: Entry, state: ProjectState, old: Lock, new: Lock) -> None:
        self.operations["leases renewed"] += 1
        if new.expires_at > old.expires_at and entry.at > old.expires_at + SLACK_SECONDS:
            self.break_rule("an expired lease is never renewed", entry, ended=old.expires_at)
        if new.expires_at < old.expires_at and not lease_ends.may_shorten(entry, old):
            self.break_rule(lease_ends.RULE, entry, by=entry.function)
        self._check_clock(entry, new, entry.at)
        state.renew(new, entry.committed_at)
        if entry.function == "release_lease":
            self._released(entry, state, new)

    def _on_end(self, entry: Entry, state: ProjectState, old: Lock | None) -> None:
        if old is None or old.is_vacant:
            return
        self.operations["leases ended"] += 1
        if old.expires_at > entry.at:
            state.removed_live = old
            if not lease_ends.may_end(entry, old):
                self.break_rule(lease_ends.RULE, entry, by=entry.function)
        else:
            self._reclaimed(entry, state, old)
        state.end(entry.committed_at)
        if entry.function == "release_lease":
            self._released(entry, state, old)

    def _released(self, entry: Entry, state: ProjectState, lock: Lock) -> None:
        state.release(lock, entry.at)
        self.releases.append((lock.lease_id, entry))

    def _reclaimed(self, entry: Entry, state: ProjectState, old: Lock) -> None:
        if old.expires_at <= entry.at and old.job_id is not None:
            written_at = state.lock_written_at or old.expires_at
            self.recoveries.append((entry.at, entry.at - written_at))
            self.dead_leases.append(DeadLease(lock=old, written_by=state.lock_written_by))

    def _on_editai_jobs(self, entry: Entry, state: ProjectState) -> None:
        old, new = entry.old, entry.new
        if new is None:
            if lease_ends.was_held(entry, state):
                self.break_rule(lease_ends.DELETED, entry)
            state.jobs.pop(entry.row["id"], None)
            state.stop_waiting(entry.row["id"], entry.committed_at)
            return
        if old is None:
            self.operations["jobs started"] += 1
        else:
            self._on_job_change(entry, state, old, new)
        state.job(new, entry.at, entry.committed_at)

    def _on_job_change(self, entry: Entry, state: ProjectState, old: Row, new: Row) -> None:
        for rule, facts in broken_by_change(entry, state, old, new):
            self.break_rule(rule, entry, **facts)
        if takes_back_attempt(entry, old, new):
            state.taken_back = new["id"]
        if is_returned(entry, old, new):
            self.operations["jobs given back"] += 1
            state.returned.append(entry.at)
        if old["status"] == new["status"]:
            return
        self.operations[f"jobs {new['status']}"] += 1
        if is_end_by_holder(entry, new):
            self._check_current(entry, state, new["fencing_token"])

    def _on_editai_generation_progress(self, entry: Entry, state: ProjectState) -> None:
        old, new = entry.old, entry.new
        state.shown_token = new["fencing_token"] if new else None
        if new is None:
            state.cleared.append(entry.at)
            return
        if new["current_step"] == "Completed" and new["percentage"] == 100:
            return  # written by the job's end, which is checked with the job
        token = new["fencing_token"]
        self.operations["progress writes"] += 1
        self._check_current(entry, state, token)
        if old and old["fencing_token"] == token and new["percentage"] < old["percentage"]:
            self.break_rule("progress never goes down within an attempt", entry)
        state.progress[token] = max(state.progress.get(token, 0), new["percentage"])

    def _on_editai_clips(self, entry: Entry, state: ProjectState) -> None:
        if entry.operation != "INSERT":
            return
        self.operations["clips recorded"] += 1
        token = int(entry.row["storage_path"].split("/")[3])
        state.clips.setdefault(entry.row["job_id"], {})[entry.row["id"]] = token
        self._check_current(entry, state, token)
        if state.lock and state.lock.job_id != entry.row["job_id"]:
            self.break_rule("a clip is recorded by the job that holds the project", entry)

    def _on_editai_exports(self, entry: Entry, state: ProjectState) -> None:
        if entry.operation != "INSERT":
            return
        self.operations["exports recorded"] += 1
        state.exported = entry.row["job_id"]
        self._check_current(entry, state, int(entry.row["storage_path"].split("/")[3]))

    def _check_current(self, entry: Entry, state: ProjectState, token: int | None) -> None:
        if not state.is_current(token):
            current = state.lock.token if state.lock else None
            self.break_rule(
                "every accepted write carried the current token", entry, current=current
            )
            return
        judged_earlier = state.lock_txid == entry.txid
        if state.lock and not judged_earlier and entry.at > state.lock.expires_at + SLACK_SECONDS:
            self.break_rule("an expired lease writes nothing", entry, ended=state.lock.expires_at)

    def _end_transaction(self, project_id: str, state: ProjectState) -> None:
        """Checks the rules that hold between transactions."""
        trail = self._trail[project_id]
        if state.txid is None or not trail:
            return
        entry = trail[-1]
        state.txid = None
        for rule, facts in broken_between(entry, state):
            self.break_rule(rule, entry, **facts)
        state.removed_live = None
