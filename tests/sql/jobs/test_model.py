"""Any sequence of calls, by current and stale holders, ends in the state that the model says."""

from typing import Any, cast
from uuid import UUID

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
    run_state_machine_as_test,
)

from shared.jobs.records import Lease
from tests.sql.client import SqlClient
from tests.sql.jobs.model import DEADLINE, MAX_ACTIVE_JOBS, MAX_ATTEMPTS, Model, ModelJob
from tests.sql.values import DISPATCH_TTL, TTL, after
from tests.support.database import Connection

OWNER = UUID(int=7)
PROJECT = "reel-1"
OTHER = "reel-2"
NONE = cast("Any", multiple())
MOMENTS = st.sampled_from([0.0, 1.0, DISPATCH_TTL - 1, DISPATCH_TTL, TTL - 1, TTL, DEADLINE])
UUIDS = st.uuids(version=4)


class ProjectMachine(RuleBasedStateMachine):
    """Calls the functions and the model side by side. Leases once granted are kept, to be presented late."""

    leases: Bundle[Lease] = Bundle("leases")
    jobs: Bundle[ModelJob] = Bundle("jobs")

    def __init__(self, sql: SqlClient, admin: Connection) -> None:
        super().__init__()
        self.sql, self.admin = sql, admin
        self.model = Model()

    @initialize()
    def begin(self) -> None:
        self.admin.execute("delete from editai_locks")
        self.admin.execute("delete from editai_projects")
        for project_id in (PROJECT, OTHER):
            self.sql.at(0).create_project(project_id, owner_id=OWNER)

    @rule(seconds=MOMENTS)
    def time_passes(self, seconds: float) -> None:
        self.model.now += seconds
        self.sql.at(self.model.now)

    @rule(targets=(leases,), lease_id=UUIDS)
    def acquire(self, lease_id: UUID) -> Any:
        live = self.model.live_lease()
        answer = self.sql.acquire_lease(PROJECT, lease_id=lease_id)
        assert answer.granted == (self.model.holder() is None)
        if live is not None:
            assert answer.lease.lease_id == live.lease_id
        if not answer.granted:
            return NONE
        self.model.supersede()
        self.model.grant(lease_id, answer.lease.fencing_token, None, TTL)
        return answer.lease

    @rule(targets=(jobs,), job_id=UUIDS, lease_id=UUIDS)
    def start(self, job_id: UUID, lease_id: UUID) -> Any:
        expected = self.model.start_outcome()
        start = self.sql.start_job(
            PROJECT,
            owner_id=OWNER,
            job_id=job_id,
            lease_id=lease_id,
            deadline_seconds=DEADLINE,
            max_attempts=MAX_ATTEMPTS,
            max_active_jobs=MAX_ACTIVE_JOBS,
        )
        assert start.outcome == expected
        if expected != "started":
            return NONE
        assert start.lease is not None
        job = ModelJob(id=job_id, deadline=self.model.now + DEADLINE)
        self.model.start(job, lease_id, start.lease.fencing_token)
        return job

    @rule()
    def start_elsewhere(self) -> None:
        """As the service, whom nothing limits. It is never claimed, so it stays until it is cancelled."""
        assert self.sql.start_job(OTHER, deadline_seconds=1e9).outcome in ("started", "busy")
        self.model.elsewhere = True

    @rule()
    def cancel_elsewhere(self) -> None:
        outcome = self.sql.cancel_job(OTHER, owner_id=OWNER).outcome
        assert outcome == ("cancelled" if self.model.elsewhere else "idle")
        self.model.elsewhere = False

    @rule(targets=(leases,), job=jobs, lease_id=UUIDS)
    def claim(self, job: ModelJob, lease_id: UUID) -> Any:
        expected = self.model.claim_outcome(job, lease_id)
        claim = self.sql.claim_job(job.id, lease_id=lease_id)
        assert claim.outcome == expected
        if expected == "exhausted":
            self.model.end("failed")
        if expected != "claimed":
            return NONE
        assert claim.lease is not None
        self.model.grant(lease_id, claim.lease.fencing_token, job, TTL)
        self.model.begin(claim.lease.fencing_token)
        job.status, job.token = "running", claim.lease.fencing_token
        job.attempt += 1
        return claim.lease

    @rule(lease=leases, job=jobs)
    def claim_again(self, lease: Lease, job: ModelJob) -> None:
        """A claim whose answer was lost is sent again, at any later time; only a retry may succeed."""
        if self.model.claim_outcome(job, lease.lease_id) == "claimed" and not self.model.holds(
            lease.lease_id, lease.fencing_token
        ):
            return  # a new grant: the rule above
        expected = self.model.claim_outcome(job, lease.lease_id)
        claim = self.sql.claim_job(job.id, lease_id=lease.lease_id)
        assert claim.outcome == expected
        if expected == "claimed":
            assert claim.lease is not None
            assert claim.lease.fencing_token == lease.fencing_token
        if expected == "exhausted":
            self.model.end("failed")

    @rule(lease=leases, percentage=st.integers(0, 100))
    def heartbeat(self, lease: Lease, percentage: int) -> None:
        held = self.model.holds(lease.lease_id, lease.fencing_token)
        beat = self.sql.heartbeat(lease, percentage)
        assert (beat.outcome == "held") == held
        if held:
            self.model.renew()
            self.model.beat(percentage, lease.fencing_token)

    @rule(lease=leases)
    def renew(self, lease: Lease) -> None:
        held = self.model.holds(lease.lease_id, lease.fencing_token)
        assert self.sql.renew_lease(lease).renewed == held
        if held:
            self.model.renew()

    @rule(lease=leases, variant=st.integers(1, 3), percentage=st.integers(0, 100))
    def record(self, lease: Lease, variant: int, percentage: int) -> None:
        held = self.model.holds(lease.lease_id, lease.fencing_token) and lease.job_id is not None
        if held and self.first_variant(lease) > variant:
            return  # an earlier job's: refused with an error, which ends no sequence here
        outcome = self.sql.record_clip(lease, variant, percentage=percentage).outcome
        assert (outcome == "recorded") == held
        if held:
            self.model.clips.add(variant)
            self.model.record(percentage)

    def first_variant(self, lease: Lease) -> int:
        row = self.admin.execute(
            "select first_variant_number as first from editai_jobs where id = %s", [lease.job_id]
        ).fetchone()
        assert row is not None
        return row["first"]

    @rule(lease=leases)
    def return_job(self, lease: Lease) -> None:
        """A repeated return has the result of the first, while the job is queued and no one has claimed it."""
        held = self.model.holds(lease.lease_id, lease.fencing_token) and lease.job_id is not None
        job = self.model.job
        waits = job is not None and job.status == "queued" and job.token == lease.fencing_token
        returned = self.sql.return_job(lease)
        assert (returned.outcome == "returned") == (held or waits)
        if held and job is not None:
            job.status, job.attempt = "queued", job.attempt - 1
            lock = self.stored("locks")
            assert lock is not None
            assert lock["fencing_token"] == returned.dispatch_token
            self.model.grant(lock["lease_id"], lock["fencing_token"], job, DISPATCH_TTL)
            job.dispatch_due = self.model.now + DISPATCH_TTL

    @rule(lease=leases, status=st.sampled_from(["completed", "failed"]))
    def finish(self, lease: Lease, status: Any) -> None:
        held = self.model.holds(lease.lease_id, lease.fencing_token) and lease.job_id is not None
        outcome = self.sql.finish_job(lease, status)
        if held:
            assert outcome == "finished"
            self.model.end(status)
        else:
            assert (outcome == "finished") == self.ended_as(lease, status)

    def ended_as(self, lease: Lease, status: str) -> bool:
        """Whether this very attempt, or cleanup on its behalf, has ended the job so already."""
        row = self.admin.execute(
            "select 1 from editai_jobs where id = %s and status = %s and fencing_token = %s",
            [lease.job_id, status, lease.fencing_token],
        ).fetchone()
        return row is not None

    @rule()
    def cancel(self) -> None:
        active = self.model.job is not None and self.model.job.active
        expected = "cancelled" if active or self.model.lease else "idle"
        assert self.sql.cancel_job(PROJECT).outcome == expected
        if active:
            self.model.end("cancelled")
        elif expected == "cancelled":
            self.model.lease, self.model.percentage, self.model.checkpoint = None, None, 0

    @rule(lease=leases)
    def release(self, lease: Lease) -> None:
        row = self.model.lease
        own = row is not None and (row.lease_id, row.token) == (lease.lease_id, lease.fencing_token)
        assert self.sql.release_lease(lease) == own
        if own and row is not None and row.job is None:
            self.model.lease = None
        elif own and row is not None:
            self.model.lease = type(row)(
                lease_id=row.lease_id,
                token=row.token,
                expires=min(row.expires, self.model.now),
                job=row.job,
            )

    @precondition(lambda self: self.model.lease is not None)
    @rule()
    def clean_up(self) -> None:
        lease = self.model.lease
        assert lease is not None
        cleaned = self.sql.cleanup_leases()
        actions = [reclaimed.action for reclaimed in cleaned if reclaimed.project_id == PROJECT]
        if not self.model.is_due():
            assert actions == []
        elif lease.job is None:
            assert actions == ["released"]
            self.model.lease = None
        elif self.model.exhausted(lease.job):
            assert actions == ["failed"]
            self.model.end("failed")
        else:
            assert actions == ["requeued"]
            row = self.stored("locks")
            assert row is not None
            self.model.queue(row["lease_id"], row["fencing_token"], lease.job)

    @invariant()
    def the_rows_are_as_the_model_says(self) -> None:
        lock, model = self.stored("locks"), self.model
        assert (lock is None) == (model.lease is None)
        if lock and model.lease:
            assert (lock["lease_id"], lock["fencing_token"]) == (
                model.lease.lease_id,
                model.lease.token,
            )
            assert lock["expires_at"] == after(model.lease.expires)
        progress = self.stored("generation_progress")
        assert (progress and progress["percentage"]) == model.percentage

    @invariant()
    def a_job_is_active_exactly_while_a_lease_row_names_it(self) -> None:
        """Nothing is queued without a dispatch or running without a lease that cleanup can find."""
        rows = self.admin.execute(
            "select id, status, attempt, max_attempts from editai_jobs where project_id = %s",
            [PROJECT],
        ).fetchall()
        active = [row["id"] for row in rows if row["status"] in ("queued", "running")]
        lock = self.stored("locks")
        assert active == ([lock["job_id"]] if lock and lock["job_id"] else [])
        assert all(row["attempt"] <= row["max_attempts"] for row in rows)
        if self.model.job:
            (row,) = [row for row in rows if row["id"] == self.model.job.id]
            assert (row["status"], row["attempt"]) == (
                self.model.job.status,
                self.model.job.attempt,
            )

    def stored(self, table: str) -> dict[str, Any] | None:
        queries = {
            "locks": "select * from editai_locks where project_id = %s",
            "generation_progress": "select * from editai_generation_progress where project_id = %s",
        }
        return self.admin.execute(queries[table].encode(), [PROJECT]).fetchone()


def test_any_sequence_of_calls_ends_as_the_model_says(sql: SqlClient, admin: Connection) -> None:
    class Machine(ProjectMachine):
        def __init__(self) -> None:
            super().__init__(sql, admin)

    run_state_machine_as_test(  # pyright: ignore[reportUnknownMemberType]
        Machine,
        settings=settings(
            max_examples=40, stateful_step_count=40, deadline=None, database=None, derandomize=True
        ),
    )
