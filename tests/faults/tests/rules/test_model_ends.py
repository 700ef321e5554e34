"""Which calls may end a lease or a job: every other end is reported."""

from typing import Any

import pytest

from tests.faults.evidence.entries import Entry
from tests.faults.rules.job_rules import ENDS, EXPORTED, WAITS
from tests.faults.rules.lease_ends import DELETED, RULE, WAITING
from tests.faults.tests.rules.trails import HOUR, broken, change, job, lock

JOBS = "editai_jobs"
WRONG_CALL = "a job changes only by the calls that may change it"
COUNTED = "each attempt has a token of its own and is counted once"
TAKEN = "every accepted write carried the current token"


def removed_by(function: str, **changes: Any) -> list[str]:
    """The rules broken by a call that removes a live lease."""
    live = lock(1, 0, 2, **changes)
    return broken(change(1, 0, None, live), change(2, 1, live, None, by=function))


@pytest.mark.parametrize("function", ["release_lease", "cancel_job"])
def test_a_release_or_a_cancel_may_remove_a_live_lease(function: str) -> None:
    assert removed_by(function) == []


@pytest.mark.parametrize(
    "function", ["cleanup_leases", "delete_project", "finish_job", "claim_job", "start_job", ""]
)
def test_a_live_lease_that_any_other_call_removes_is_reported(function: str) -> None:
    assert RULE in removed_by(function)


def test_cleanup_may_remove_a_dead_lease() -> None:
    dead = lock(1, 0, 2)
    assert broken(change(1, 0, None, dead), change(2, 3, dead, None, by="cleanup_leases")) == []


def test_a_claim_that_removes_a_live_lease_and_grants_none_is_reported() -> None:
    dispatch = lock(1, 0, 2, holder="dispatch", job_id="job")
    started = (
        change(1, 0, None, dispatch, txid="start"),
        change(2, 0, None, job("queued", None, attempt=0), relation=JOBS, txid="start"),
    )
    assert RULE in broken(*started, change(3, 1, dispatch, None, by="claim_job"))


def test_a_project_that_is_deleted_under_a_live_lease_is_reported() -> None:
    live, ended = lock(1, 0, 2), job("completed", 1)
    entries = (
        change(1, 0, None, ended, relation=JOBS),
        change(2, 0.5, None, live),
        change(3, 1, live, None, by="delete_project", txid="deletion"),
        change(4, 1, ended, None, relation=JOBS, by="delete_project", txid="deletion"),
    )
    assert broken(*entries) == [RULE, DELETED]


def running(token: int = 1) -> tuple[Entry, ...]:
    """A job whose first attempt holds its lease for two seconds."""
    return (
        change(1, 0, None, lock(token, 0, 2, job_id="job"), txid="start"),
        change(2, 0, None, job("running", 1), relation=JOBS, txid="start"),
    )


def ended(at: float, status: str, by: str, code: str | None = None, **changes: Any) -> list[str]:
    """The rules broken by the end of a running job and its lease."""
    error = code and {"code": code}
    new = job(status, 1, error=error, **changes)
    return broken(
        *running(),
        change(3, at, job("running", 1, **changes), new, relation=JOBS, by=by, txid="end"),
        change(4, at, lock(1, 0, 2, job_id="job"), None, by=by, txid="end"),
    )


def test_a_jobs_holder_or_a_cancel_may_end_it() -> None:
    assert ended(1, "completed", "finish_job") == []
    assert ended(1, "failed", "finish_job", "encoding_failed") == []
    assert ended(1, "cancelled", "cancel_job") == []


def test_a_job_with_a_dead_lease_fails_when_attempts_or_time_are_used_up() -> None:
    last = {"max_attempts": 1}
    assert ended(3, "failed", "cleanup_leases", "attempts_exhausted", **last) == []
    past = {"deadline_at": "2026-01-01T12:00:02.500+00:00"}
    assert ended(3, "failed", "claim_job", "deadline_exceeded", **past) == []


def test_a_job_that_fails_as_exhausted_with_attempts_left_or_a_live_lease_is_reported() -> None:
    last = {"max_attempts": 1}
    assert ENDS in ended(1, "failed", "cleanup_leases", "attempts_exhausted", **last)
    assert ended(3, "failed", "cleanup_leases", "attempts_exhausted") == [ENDS]


@pytest.mark.parametrize(
    ("status", "by"), [("completed", "cleanup_leases"), ("cancelled", "finish_job")]
)
def test_an_end_that_its_call_may_not_set_is_reported(status: str, by: str) -> None:
    assert WRONG_CALL in ended(1, status, by)


@pytest.mark.parametrize("status", ["completed", "failed"])
def test_an_end_while_another_token_is_current_is_reported(status: str) -> None:
    new = job(status, 1, error={"code": "encoding_failed"})
    entries = (
        *running(token=2),
        change(3, 1, job("running", 1), new, relation=JOBS, by="finish_job"),
    )
    assert TAKEN in broken(*entries)


def superseded(taken_by: str | None) -> list[str]:
    """The rules broken when a job fails because its project was taken over, by another job or by a caller."""
    dead, taken = lock(1, 0, 2, job_id="job"), lock(2, 3, 5, job_id=taken_by)
    failed = job("failed", 1, error={"code": "superseded"})
    call = {"by": "acquire_lease", "txid": "taken"}
    return broken(
        *running(),
        change(3, 3, dead, taken, **call),
        change(4, 3, job("running", 1), failed, relation=JOBS, **call),
    )


def test_a_takeover_of_the_project_may_fail_its_job_as_superseded() -> None:
    assert superseded(None) == []


def test_a_job_that_is_superseded_under_its_own_lease_is_reported() -> None:
    assert ENDS in superseded("job")


def waiting(deadline: float) -> tuple[Entry, ...]:
    """A queued job whose dispatch lease lasts for two seconds."""
    queued = job("queued", None, attempt=0, deadline_at=f"{HOUR}{deadline:06.3f}+00:00")
    return (
        change(1, 0, None, lock(1, 0, 2, holder="dispatch", job_id="job"), txid="start"),
        change(2, 0, None, queued, relation=JOBS, txid="start"),
    )


def replaced(at: float, deadline: float) -> list[str]:
    """The rules broken by a start that takes the project of a queued job, whose dispatch lease has expired."""
    begun = waiting(deadline)
    old = begun[1].row
    dead, taken = begun[0].row, lock(2, at, at + 2, holder="dispatch", job_id="next")
    failed = dict(old) | {"status": "failed", "error": {"code": "superseded"}}
    following = job("queued", None, attempt=0, id="next")
    call = {"by": "start_job", "txid": "next"}
    return broken(
        *begun,
        change(3, at, dict(dead), taken, **call),
        change(4, at, dict(old), failed, relation=JOBS, **call),
        change(5, at, None, following, relation=JOBS, **call),
    )


def test_a_queued_job_that_another_replaces_after_its_dispatch_lease_is_reported() -> None:
    assert replaced(at=3, deadline=30) == [WAITING, WAITS]


def test_a_queued_job_past_its_deadline_may_be_replaced() -> None:
    assert replaced(at=3, deadline=2.5) == []


def test_a_queued_job_that_is_deleted_with_its_project_is_reported() -> None:
    begun = waiting(deadline=30)
    dead, old = dict(begun[0].row), dict(begun[1].row)
    call = {"by": "delete_project", "txid": "deletion"}
    assert DELETED in broken(
        *begun, change(3, 3, dead, None, **call), change(4, 3, old, None, relation=JOBS, **call)
    )


def test_a_change_of_an_ended_job_is_reported() -> None:
    completed = job("completed", 1)
    entries = (
        change(1, 0, None, completed, relation=JOBS),
        change(2, 1, completed, completed | {"result": {}}, relation=JOBS),
    )
    assert broken(*entries) == ["a finished job never changes again"]


def claimed(attempt: int, token: int) -> list[str]:
    """The rules broken by a claim of a queued job under a lease with token 2."""
    queued, dispatch = (
        job("queued", None, attempt=0),
        lock(1, 0, 1, holder="dispatch", job_id="job"),
    )
    claim = {"by": "claim_job", "txid": "claim"}
    return broken(
        change(1, 0, None, dispatch, txid="start"),
        change(2, 0, None, queued, relation=JOBS, txid="start"),
        change(3, 0.5, dispatch, None, **claim),
        change(4, 0.5, None, lock(2, 0.5, 2.5, job_id="job"), **claim),
        change(5, 0.5, queued, job("running", token, attempt=attempt), relation=JOBS, **claim),
    )


def test_a_claim_counts_an_attempt_under_the_token_of_its_lease() -> None:
    assert claimed(attempt=1, token=2) == []


@pytest.mark.parametrize(("attempt", "token"), [(0, 2), (2, 2), (1, 3)])
def test_an_attempt_that_is_counted_wrongly_or_has_another_token_is_reported(
    attempt: int, token: int
) -> None:
    assert COUNTED in claimed(attempt, token)


def rendered(
    *, kind: str = "final_render", token: int = 1, with_export: bool, completes: bool = True
) -> list[str]:
    """The rules broken by a transaction that may record an export and may complete its job."""
    was, end = job("running", 1, kind=kind), {"by": "finish_job", "txid": "end"}
    export = {"job_id": "job", "storage_path": f"reel/jobs/job/{token}/export.mp4"}
    recorded = change(3, 1, None, export, relation="editai_exports", **end)
    completed = (
        change(4, 1, was, job("completed", 1, kind=kind), relation=JOBS, **end),
        change(5, 1, lock(1, 0, 2, job_id="job"), None, **end),
    )
    started = (
        change(1, 0, None, lock(1, 0, 2, job_id="job"), txid="start"),
        change(2, 0, None, was, relation=JOBS, txid="start"),
    )
    done = ([recorded] if with_export else []) + (list(completed) if completes else [])
    return broken(*started, *done)


def test_a_render_that_ends_without_its_export_and_another_job_with_one_are_reported() -> None:
    assert rendered(with_export=True) == []
    assert rendered(with_export=False) == [EXPORTED]
    assert rendered(with_export=True, completes=False) == [EXPORTED]
    assert rendered(kind="raw_clips", with_export=True) == [EXPORTED]
    assert rendered(kind="raw_clips", with_export=False) == []


def test_an_export_with_an_old_token_is_reported() -> None:
    assert rendered(with_export=True, token=7) == [TAKEN]


@pytest.mark.parametrize("function", ["renew_lease", "heartbeat", "release_lease"])
def test_a_holder_may_shorten_its_live_lease(function: str) -> None:
    assert shortened_by(function) == []


@pytest.mark.parametrize("function", ["acquire_lease", "start_job", "cleanup_leases", "claim_job"])
def test_a_live_lease_that_any_other_call_shortens_is_reported(function: str) -> None:
    assert shortened_by(function) == [RULE]


def shortened_by(function: str, **lease: str) -> list[str]:
    live, shorter = lock(1, 0, 2, **lease), lock(1, 0, 0.5, **lease)
    return broken(change(1, 0, None, live), change(2, 0.5, live, shorter, by=function))


def test_an_attempt_that_gives_up_may_shorten_its_own_lease_only() -> None:
    assert RULE not in shortened_by("abandon_job", job_id="job")
    assert RULE in shortened_by("abandon_job")
    assert RULE in shortened_by("abandon_job", job_id="job", holder="dispatch")


@pytest.mark.parametrize("function", ["cleanup_leases", "start_job"])
def test_a_live_dispatch_lease_that_any_call_but_a_claim_replaces_is_reported(
    function: str,
) -> None:
    def replaced(by: str) -> list[str]:
        dispatch = lock(1, 0, 2, holder="dispatch", job_id="job")
        again = lock(2, 1, 3, job_id="job")
        begun = (
            change(1, 0, None, dispatch, txid="start"),
            change(2, 0, None, job("queued", None, attempt=0), relation=JOBS, txid="start"),
        )
        return broken(*begun, change(3, 1, dispatch, again, by=by))

    assert replaced("claim_job") == []
    assert replaced(function) == ["live leases never overlap"]


def test_a_lease_that_is_granted_beyond_its_deadline_is_reported() -> None:
    def granted(until: float) -> list[str]:
        deadline = f"{HOUR}01.500+00:00"
        return broken(change(1, 0, None, lock(1, 0, until, deadline_at=deadline)))

    assert granted(1.5) == []
    assert granted(2) == ["a lease never outlives its deadline"]
