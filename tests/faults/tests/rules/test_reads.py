"""Polls of progress, beside each other and beside what workers were told."""

from typing import Any

from tests.faults.rules.reads import BEHIND, GOES_DOWN
from tests.faults.tests.rules.trails import HOUR, called, change, job, lock, told

FIRST, RENEWED = lock(1, 0, 2, job_id="job"), lock(1, 0, 3, job_id="job")


def poll(at: float, attempt: int, percentage: int, status: str = "running") -> dict[str, Any]:
    row = {
        "job_id": "job",
        "job_attempt": attempt,
        "percentage": percentage,
        "job_status": status,
    }
    return called("read_progress", at, [row])


def test_a_poll_that_shows_less_within_an_attempt_is_noticed() -> None:
    assert told((), poll(1, 2, 80), poll(2, 2, 5)) == [GOES_DOWN]


def test_a_new_attempt_and_a_cancel_may_show_less() -> None:
    assert told((), poll(1, 1, 80), poll(2, 2, 5), poll(3, 2, 0, "cancelled")) == []


def test_progress_that_a_cancel_has_removed_may_be_less_for_a_job_that_had_failed() -> None:
    progress = {"percentage": 80, "current_step": "Making", "fencing_token": 1}
    removal = change(9, 1.5, progress, None, relation="editai_generation_progress", by="cancel_job")
    assert told((removal,), poll(1, 1, 80, "failed"), poll(2, 1, 0, "failed")) == []
    assert told((removal,), poll(2, 1, 80, "failed"), poll(3, 1, 0, "failed")) == [GOES_DOWN]


def acknowledged(*polls: dict[str, Any]) -> list[str]:
    """What is wrong with polls, once the worker was told at second 1 that 30 % are written."""
    progress = {"percentage": 30, "current_step": "Making", "fencing_token": 1}
    entries = (
        change(1, 0, None, FIRST, txid="start"),
        change(2, 0, None, job("running", 1), relation="editai_jobs", txid="start"),
        change(3, 1, FIRST, RENEWED, by="heartbeat", txid="beat"),
        change(4, 1, None, progress, relation="editai_generation_progress", txid="beat"),
    )
    answer = {"outcome": "held", "expires_at": f"{HOUR}03.000+00:00"}
    proof = {"lease_id": "lease-1", "fencing_token": 1, "percentage": 30}
    return told(entries, called("heartbeat", 1, answer, **proof), *polls)


def test_a_poll_shows_what_was_acknowledged_before_it_was_asked() -> None:
    assert acknowledged(poll(1.5, 1, 30), poll(1.7, 2, 0)) == []
    assert acknowledged(poll(1.5, 1, 29)) == [BEHIND]


def test_a_poll_that_was_asked_before_the_acknowledgement_may_show_less() -> None:
    assert acknowledged(poll(0.9, 1, 0)) == []
