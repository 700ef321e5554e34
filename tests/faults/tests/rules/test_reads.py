"""Reads of progress, compared with earlier reads and with what workers got acknowledged."""

from typing import Any

from tests.faults.rules.reads import BEHIND, GOES_DOWN
from tests.faults.tests.rules.trails import HOUR, broken_by, called, change, job, lock

FIRST, RENEWED = lock(1, 0, 2, job_id="job"), lock(1, 0, 3, job_id="job")


def poll(at: float, attempt: int, percentage: int, status: str = "running") -> dict[str, Any]:
    row = {
        "job_id": "job",
        "job_attempt": attempt,
        "percentage": percentage,
        "job_status": status,
    }
    return called("read_progress", at, [row])


def test_a_read_that_shows_less_within_an_attempt_is_reported() -> None:
    assert broken_by((), poll(1, 2, 80), poll(2, 2, 5)) == [GOES_DOWN]


def test_a_new_attempt_or_a_cancel_may_show_less() -> None:
    assert broken_by((), poll(1, 1, 80), poll(2, 2, 5), poll(3, 2, 0, "cancelled")) == []


def test_a_failed_job_may_show_less_after_a_cancel_has_removed_its_progress() -> None:
    progress = {"percentage": 80, "current_step": "Making", "fencing_token": 1}
    removal = change(9, 1.5, progress, None, relation="editai_generation_progress", by="cancel_job")
    assert broken_by((removal,), poll(1, 1, 80, "failed"), poll(2, 1, 0, "failed")) == []
    assert broken_by((removal,), poll(2, 1, 80, "failed"), poll(3, 1, 0, "failed")) == [GOES_DOWN]


def acknowledged(*polls: dict[str, Any]) -> list[str]:
    """The rules broken by reads, if 30 % were acknowledged to the worker at second 1."""
    progress = {"percentage": 30, "current_step": "Making", "fencing_token": 1}
    entries = (
        change(1, 0, None, FIRST, txid="start"),
        change(2, 0, None, job("running", 1), relation="editai_jobs", txid="start"),
        change(3, 1, FIRST, RENEWED, by="heartbeat", txid="beat"),
        change(4, 1, None, progress, relation="editai_generation_progress", txid="beat"),
    )
    response = {"outcome": "held", "expires_at": f"{HOUR}03.000+00:00"}
    fencing = {"lease_id": "lease-1", "fencing_token": 1, "percentage": 30}
    return broken_by(entries, called("heartbeat", 1, response, **fencing), *polls)


def test_a_read_that_shows_less_than_was_acknowledged_before_it_is_reported() -> None:
    assert acknowledged(poll(1.5, 1, 30), poll(1.7, 2, 0)) == []
    assert acknowledged(poll(1.5, 1, 29)) == [BEHIND]


def test_a_read_that_began_before_the_acknowledgement_may_show_less() -> None:
    assert acknowledged(poll(0.9, 1, 0)) == []
