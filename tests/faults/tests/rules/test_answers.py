"""What callers were told, beside the audit trail: what is right passes, and each broken rule is named."""

from typing import Any

import pytest

from tests.faults.evidence.entries import Entry
from tests.faults.evidence.sql_answers import CHECKPOINTS, OTHER_END, OTHERS_END, RENEWAL
from tests.faults.rules.answers import Answers
from tests.faults.rules.model import Model
from tests.faults.tests.rules.trails import HOUR, called, change, job, lock, told

LIVE = "409 is answered only if a lease was live at some moment of the request"
OWN = "a release ends the caller's own lease and no other"
FIRST, RENEWED = lock(1, 0, 2), lock(1, 0, 3)
HELD = (change(1, 0, None, FIRST), change(2, 1, FIRST, RENEWED, by="heartbeat"))


def conflict(requested_at: float, answered_at: float, *later: Entry) -> list[str]:
    refusal: dict[str, Any] = {
        "http": "start",
        "project_id": "reel",
        "requested_at": requested_at,
        "answered_at": answered_at,
        "status": 409,
        "answer": {},
        "content_type": "application/problem+json",
        "retry_after": "5",
    }
    return told((change(1, 10, None, lock(1, 10, 12)), *later), refusal)


def test_a_conflict_while_a_lease_was_live_is_right() -> None:
    assert conflict(11.9, 12.5) == []


def test_a_conflict_after_the_end_is_noticed() -> None:
    assert conflict(12.5, 12.6) == [LIVE]


def test_a_lease_that_is_being_removed_is_live_for_others_until_the_commit() -> None:
    removed = change(2, 10.2, lock(1, 10, 12), None, committed=10.8, by="cancel_job")
    assert conflict(10.6, 10.7, removed) == []
    assert conflict(11.2, 11.3, removed) == [LIVE]


def heartbeat(lease: int = 1, ends: float = 3, **progress: int) -> list[str]:
    proof = {"lease_id": f"lease-{lease}", "fencing_token": 1}
    answer = {"outcome": "held", "expires_at": f"{HOUR}{ends:06.3f}+00:00"}
    return told(HELD, called("heartbeat", 1, answer, **proof, **progress))


def test_progress_that_was_told_and_is_nowhere_is_noticed() -> None:
    assert heartbeat(percentage=30) == ["acknowledged progress is never lost"]


def test_a_heartbeat_is_told_the_end_that_it_has_set() -> None:
    assert heartbeat() == []


@pytest.mark.parametrize("other", [{"ends": 3.5}, {"lease": 2}])
def test_a_heartbeat_that_is_told_another_end_or_was_never_made_is_noticed(
    other: dict[str, Any],
) -> None:
    assert heartbeat(**other) == [RENEWAL]


def test_a_renewal_that_was_told_and_is_nowhere_is_noticed() -> None:
    def renewal(ends: str) -> list[str]:
        answer = {"renewed": True, "expires_at": f"{HOUR}{ends}+00:00"}
        return told(HELD, called("renew_lease", 1, answer, lease_id="lease-1", fencing_token=1))

    assert renewal("03.000") == []
    assert renewal("04.000") == [RENEWAL]


@pytest.mark.parametrize("call", ["claim_job", "acquire_lease"])
def test_a_grant_with_another_token_than_was_told_is_noticed(call: str) -> None:
    def granted(token: int) -> list[str]:
        answer: dict[str, Any] = {
            "outcome": "claimed",
            "granted": True,
            "job": {"project_id": "reel"},
            "lease": {"fencing_token": token},
            "clips": [],
        }
        return told(HELD, called(call, 1, answer, lease_id="lease-1", job_id="job"))

    assert granted(1) == []
    assert len(granted(2)) == 1


def released(at: float, by: str = "release_lease", lease: int = 1) -> list[str]:
    removed = change(3, 1.5, RENEWED, None, by=by)
    proof = {"lease_id": f"lease-{lease}", "fencing_token": lease}
    return told((*HELD, removed), called("release_lease", at, True, **proof))


def test_a_release_ends_its_lease_within_its_request() -> None:
    assert released(1.5) == []


def test_a_release_that_ended_nothing_of_its_callers_then_is_noticed() -> None:
    assert released(1.5, lease=2) == [OWN]
    assert released(4) == [OWN]
    assert released(1, by="cancel_job") == [OWN]
    assert released(1.5, by="cancel_job") == [OWN]


def test_a_jobs_lease_is_released_by_an_end_that_has_come() -> None:
    cut = change(3, 1.5, RENEWED, lock(1, 0, 1.5), by="release_lease")
    proof = {"lease_id": "lease-1", "fencing_token": 1}
    assert told((*HELD, cut), called("release_lease", 1.5, True, **proof)) == []


@pytest.mark.parametrize("status", ["completed", "failed"])
def test_an_end_that_is_acknowledged_to_another_attempt_is_noticed(status: str) -> None:
    assert finished(status, 1) == []
    assert finished(status, 2) == [OTHERS_END]


def finished(status: str, token: int, **end: Any) -> list[str]:
    """What is wrong when an attempt is told that it has ended its job, which ended without result and error."""
    ended = change(3, 1, None, job(status, 1), relation="editai_jobs")
    params = {"job_id": "job", "fencing_token": token, "status": status}
    params |= {"result": None, "error": None} | end
    return told((*HELD, ended), called("finish_job", 1, "finished", **params))


@pytest.mark.parametrize("end", [{"result": {"clip_ids": []}}, {"error": {"code": "unreadable"}}])
def test_an_end_that_is_another_one_than_was_told_is_noticed(end: dict[str, Any]) -> None:
    assert finished("failed", 1, **end) == [OTHER_END]


def test_a_claim_that_is_not_told_of_a_checkpoint_is_noticed() -> None:
    def claimed(*told_of: str, token: int = 2) -> list[str]:
        second = lock(token, 3, 5, job_id="job")
        clip = {"id": "clip", "job_id": "job", "storage_path": "reel/jobs/job/1/clip-1.mp4"}
        trail = (
            change(1, 0, None, lock(1, 0, 2, job_id="job")),
            change(2, 1, None, clip, relation="editai_clips", by="record_clip"),
            change(3, 3, lock(1, 0, 2, job_id="job"), second, by="claim_job"),
        )
        answer = {
            "outcome": "claimed",
            "job": {"project_id": "reel"},
            "lease": {"fencing_token": token},
            "clips": [{"id": id_} for id_ in told_of],
        }
        claim = called("claim_job", 3, answer, lease_id=f"lease-{token}", job_id="job")
        return [rule for rule in told(trail, claim) if rule == CHECKPOINTS]

    assert claimed("clip") == []
    assert claimed() == [CHECKPOINTS]


def test_a_lease_that_was_given_back_and_nobody_asked_for_it_is_noticed() -> None:
    def given_back(*asked: str) -> list[str]:
        model = Model(longest_ttl_seconds=2)
        model.replay([*HELD, change(3, 1.5, RENEWED, None, by="release_lease")])
        answers = Answers(model=model)
        answers.judge([{"releasing": lease_id, "requested_at": 1.4} for lease_id in asked])
        answers.judge([])
        return [violation.rule for violation in model.violations]

    assert given_back("lease-1") == []
    assert given_back("lease-2") == [OWN]


def test_an_end_that_was_told_and_is_nowhere_is_noticed() -> None:
    params = {
        "job_id": "job",
        "fencing_token": 1,
        "status": "failed",
        "result": None,
        "error": None,
    }
    rule = "an acknowledged end is never lost"
    assert told(HELD, called("finish_job", 1, "finished", **params)) == [rule]
