"""The model on histories of a few lines: what is right passes, and each broken rule is named."""

from typing import Any

from tests.faults.answers import Answers
from tests.faults.entries import Entry
from tests.faults.model import Model

HOUR = "2026-01-01T12:00:"
BEGUN = 1767268800.0
"""12:00:00 of that day."""


def lock(token: int, acquired: float, expires: float, **changes: Any) -> dict[str, Any]:
    return {
        "project_id": "reel",
        "lease_id": f"lease-{token}",
        "holder": "test",
        "fencing_token": token,
        "job_id": None,
        "acquired_at": f"{HOUR}{acquired:06.3f}+00:00",
        "expires_at": f"{HOUR}{expires:06.3f}+00:00",
        "deadline_at": None,
    } | changes


def change(
    seq: int, at: float, old: dict[str, Any] | None, new: dict[str, Any] | None, **facts: Any
) -> Entry:
    operation = "INSERT" if old is None else "DELETE" if new is None else "UPDATE"
    usual = {"relation": "editai_locks", "txid": str(seq), "operation": operation}
    committed_at = BEGUN + facts.pop("committed", at)
    return Entry(
        **(usual | facts),
        seq=seq,
        at=BEGUN + at,
        committed_at=committed_at,
        project_id="reel",
        old=old,
        new=new,
    )


def broken(*entries: Entry) -> list[str]:
    model = Model(longest_ttl_seconds=2)
    model.replay(entries)
    return [violation.rule for violation in model.violations]


def test_a_lease_that_is_granted_renewed_and_released_breaks_nothing() -> None:
    first, renewed = lock(1, 0, 2), lock(1, 0, 3)
    assert (
        broken(
            change(1, 0, None, first),
            change(2, 1, first, renewed),
            change(3, 2, renewed, None),
            change(4, 2, None, lock(2, 2, 4)),
        )
        == []
    )


def test_a_grant_over_a_live_lease_overlaps() -> None:
    first = lock(1, 0, 2)
    entries = change(1, 0, None, first), change(2, 1, first, lock(2, 1, 3))
    assert broken(*entries) == ["live leases never overlap"]


def test_a_token_that_does_not_rise_is_noticed() -> None:
    first = lock(5, 0, 2)
    entries = change(1, 0, None, first), change(2, 3, first, lock(4, 3, 5))
    assert broken(*entries) == ["tokens strictly increase"]


def test_a_renewal_after_the_end_is_noticed() -> None:
    first = lock(1, 0, 2)
    entries = change(1, 0, None, first), change(2, 4, first, lock(1, 0, 6))
    assert broken(*entries) == ["an expired lease is never renewed"]


def test_progress_of_an_old_token_is_noticed() -> None:
    progress = {"percentage": 5, "current_step": "Making", "fencing_token": 1}
    entries = (
        change(1, 0, None, lock(2, 0, 2)),
        change(2, 1, None, progress, relation="editai_generation_progress"),
    )
    assert broken(*entries) == ["every accepted write carried the current token"]


def test_a_job_that_has_ended_and_changes_is_noticed() -> None:
    job = {"id": "job", "status": "completed", "attempt": 1, "max_attempts": 3, "fencing_token": 1}
    entries = (
        change(1, 0, None, job, relation="editai_jobs"),
        change(2, 1, job, job | {"result": {}}, relation="editai_jobs"),
    )
    assert broken(*entries) == ["a finished job never changes again"]


def conflict(asked_at: float, answered_at: float, *later: Entry) -> list[str]:
    model = Model(longest_ttl_seconds=2)
    model.replay([change(1, 10, None, lock(1, 10, 12)), *later])
    Answers(model=model, clock_offset=BEGUN).judge(
        [
            {
                "http": "start",
                "project_id": "reel",
                "asked_at": asked_at,
                "answered_at": answered_at,
                "status": 409,
                "answer": {},
            }
        ]
    )
    return [violation.rule for violation in model.violations]


def test_a_conflict_while_a_lease_was_live_is_right() -> None:
    assert conflict(11.9, 12.5) == []


def test_a_conflict_after_the_end_is_noticed() -> None:
    rule = "409 is answered only if a lease was live at some moment of the request"
    assert conflict(12.5, 12.6) == [rule]


def test_a_lease_that_is_being_removed_is_live_for_others_until_the_commit() -> None:
    removed = change(2, 10.2, lock(1, 10, 12), None, committed=10.8)
    assert conflict(10.6, 10.7, removed) == []
    rule = "409 is answered only if a lease was live at some moment of the request"
    assert conflict(11.2, 11.3, removed) == [rule]


def test_progress_that_was_told_and_is_nowhere_is_noticed() -> None:
    model = Model(longest_ttl_seconds=2)
    first = lock(1, 0, 2)
    model.replay([change(1, 0, None, first), change(2, 1, first, lock(1, 0, 3))])
    Answers(model=model, clock_offset=BEGUN).judge(
        [
            {
                "call": "heartbeat",
                "asked_at": 1,
                "answered_at": 1,
                "status": 200,
                "params": {
                    "p_project_id": "reel",
                    "p_lease_id": "lease-1",
                    "p_fencing_token": 1,
                    "p_percentage": 30,
                },
                "answer": {"outcome": "held"},
            }
        ]
    )
    assert [v.rule for v in model.violations] == ["acknowledged progress is never lost"]


def test_progress_of_the_attempt_before_is_noticed() -> None:
    """Whoever polled would see the new attempt go down with its first heartbeat."""
    job = {
        "id": "job", "status": "running", "attempt": 1, "max_attempts": 3, "fencing_token": 1
    }  # fmt: skip
    progress = {"percentage": 80, "current_step": "Making", "fencing_token": 1}
    first, second = lock(1, 0, 2, job_id="job"), lock(2, 3, 5, job_id="job")
    again = job | {"attempt": 2, "fencing_token": 2}
    claimed = {"txid": "claim"}
    entries = (
        change(1, 0, None, first, txid="start"),
        change(2, 0, None, job, relation="editai_jobs", txid="start"),
        change(3, 1, None, progress, relation="editai_generation_progress"),
        change(4, 3, first, second, **claimed),
        change(5, 3, job, again, relation="editai_jobs", **claimed),
    )
    assert broken(*entries) == ["an attempt shows no progress but its own"]
    begun = progress | {"percentage": 0, "fencing_token": 2}
    written = change(6, 3, progress, begun, relation="editai_generation_progress", **claimed)
    assert broken(*entries, written) == []


def reads(*told: tuple[int, int, str]) -> list[str]:
    """What is wrong with polls, one after another, that tell attempt, percentage and status."""
    model = Model(longest_ttl_seconds=2)
    Answers(model=model).judge(
        [
            {
                "call": "read_progress",
                "asked_at": at,
                "answered_at": at + 0.5,
                "status": 200,
                "params": {"p_project_id": "reel"},
                "answer": [
                    {
                        "job_id": "job",
                        "job_attempt": attempt,
                        "percentage": percentage,
                        "job_status": status,
                    }
                ],
            }
            for at, (attempt, percentage, status) in enumerate(told)
        ]
    )
    return [violation.rule for violation in model.violations]


def test_a_poll_that_shows_less_within_an_attempt_is_noticed() -> None:
    rule = "acknowledged progress never goes down within an attempt"
    assert reads((2, 80, "running"), (2, 5, "running")) == [rule]


def test_a_new_attempt_and_a_cancel_may_show_less() -> None:
    assert reads((1, 80, "running"), (2, 5, "running"), (2, 0, "cancelled")) == []
