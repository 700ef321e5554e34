"""The rules about a job that its worker gives back, on histories of a few lines."""

from typing import Any

import pytest

from tests.faults.evidence.entries import Entry
from tests.faults.rules.job_rules import RETURNED
from tests.faults.rules.sql_responses import OWN_RETURN
from tests.faults.tests.rules.trails import broken, broken_by, called, change, job, lock

JOBS = {"relation": "editai_jobs"}
HELD = lock(2, 0, 2, holder="worker", job_id="job")
DISPATCH = lock(3, 1, 2, holder="dispatch", job_id="job")


def claimed() -> tuple[Entry, ...]:
    queued, first = job("queued", None, 0), lock(1, 0, 1, holder="dispatch", job_id="job")
    running = job("running", 2)
    return (
        change(1, 0, None, first, txid="1", by="start_job"),
        change(2, 0, None, queued, txid="1", by="start_job", **JOBS),
        change(3, 0, first, None, txid="2", by="claim_job"),
        change(4, 0, None, HELD, txid="2", by="claim_job"),
        change(5, 0, queued, running, txid="2", by="claim_job", **JOBS),
    )


def returned(*, attempt: int = 0, by: str = "return_job") -> tuple[Entry, ...]:
    running, uncounted = job("running", 2), job("running", 2, attempt)
    changes: list[Entry] = []
    if attempt != 1:
        changes.append(change(6, 1, running, uncounted, txid="3", by=by, **JOBS))
    return (
        *changes,
        change(7, 1, HELD, None, txid="3", by=by),
        change(8, 1, None, DISPATCH, txid="3", by=by),
        change(9, 1, uncounted, job("queued", 2, attempt), txid="3", by=by, **JOBS),
    )


def answer(outcome: str, dispatch_token: int | None, token: int = 2) -> dict[str, Any]:
    told = {"outcome": outcome, "dispatch_token": dispatch_token}
    return called("return_job", 1.5, told, job_id="job", fencing_token=token)


def test_a_job_that_is_given_back_breaks_nothing() -> None:
    assert broken(*claimed(), *returned()) == []
    assert broken_by((*claimed(), *returned()), answer("returned", 3)) == []


def test_a_job_that_is_given_back_at_the_cost_of_its_attempt_is_reported() -> None:
    assert broken(*claimed(), *returned(attempt=1)) == [RETURNED]


def test_an_attempt_that_any_other_call_takes_back_is_reported() -> None:
    rules = broken(*claimed(), *returned(by="heartbeat"))
    assert "attempts never pass the maximum" in rules
    assert "a job changes only by the calls that may change it" in rules


@pytest.mark.parametrize(("token", "dispatch_token"), [(1, 3), (2, 4)])
def test_a_return_of_anothers_attempt_is_reported(token: int, dispatch_token: int) -> None:
    told = answer("returned", dispatch_token, token)
    assert broken_by((*claimed(), *returned()), told) == [OWN_RETURN]


def test_a_return_that_was_refused_needs_no_change() -> None:
    assert broken_by(claimed(), answer("lost", None)) == []


def test_a_read_may_show_less_only_after_a_return() -> None:
    """The next attempt has the same number, and begins where the recorded clips stand."""

    def read(at: float, percentage: int) -> dict[str, Any]:
        row = {"job_id": "job", "job_attempt": 1, "job_status": "running", "percentage": percentage}
        return called("read_progress", at, [row])

    trail = (*claimed(), *returned())
    assert broken_by(trail, read(0.5, 70), read(1.5, 43)) == []
    assert broken_by(claimed(), read(0.5, 70), read(1.5, 43)) != []
