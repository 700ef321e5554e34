"""Responses against the audit trail: correct ones pass, and each broken rule is reported by name."""

from typing import Any

import pytest

from tests.faults.evidence.entries import Entry
from tests.faults.rules.model import Model
from tests.faults.rules.responses import Responses
from tests.faults.rules.sql_responses import CHECKPOINTS, OTHER_END, OTHERS_END, RENEWAL
from tests.faults.tests.rules.trails import HOUR, broken_by, called, change, job, lock

LIVE = "409 is answered only if a lease was live or a job was queued at some moment of the request"
OWN = "a release ends the caller's own lease and no other"
FIRST, RENEWED = lock(1, 0, 2), lock(1, 0, 3)
HELD = (change(1, 0, None, FIRST), change(2, 1, FIRST, RENEWED, by="heartbeat"))


def conflict(requested_at: float, responded_at: float, *later: Entry) -> list[str]:
    refusal: dict[str, Any] = {
        "http": "start",
        "project_id": "reel",
        "requested_at": requested_at,
        "responded_at": responded_at,
        "status": 409,
        "response": {},
        "content_type": "application/problem+json",
        "retry_after": "5",
    }
    return broken_by((change(1, 10, None, lock(1, 10, 12)), *later), refusal)


def test_a_conflict_while_a_lease_is_live_breaks_nothing() -> None:
    assert conflict(11.9, 12.5) == []


def test_a_conflict_after_the_lease_has_ended_is_reported() -> None:
    assert conflict(12.5, 12.6) == [LIVE]


def test_a_lease_that_is_being_removed_is_live_for_others_until_the_commit() -> None:
    removed = change(2, 10.2, lock(1, 10, 12), None, committed=10.8, by="cancel_job")
    assert conflict(10.6, 10.7, removed) == []
    assert conflict(11.2, 11.3, removed) == [LIVE]


def test_a_conflict_is_right_as_long_as_a_job_is_queued() -> None:
    """Its dispatch lease, the trail's first line, has expired at 12; its deadline is at 40."""
    until = {"deadline_at": f"{HOUR}40.000+00:00"}
    queued = job("queued", None, attempt=0, **until)
    waits = change(2, 10, None, queued, relation="editai_jobs", txid="1")
    assert LIVE not in conflict(20, 20.1, waits)
    assert LIVE in conflict(41, 41.1, waits)
    cancelled = job("cancelled", None, attempt=0, **until)
    ended = change(3, 15, queued, cancelled, relation="editai_jobs", by="cancel_job")
    assert LIVE in conflict(20, 20.1, waits, ended)


def heartbeat(lease: int = 1, ends: float = 3, **progress: int) -> list[str]:
    fencing = {"lease_id": f"lease-{lease}", "fencing_token": 1}
    response = {"outcome": "held", "expires_at": f"{HOUR}{ends:06.3f}+00:00"}
    return broken_by(HELD, called("heartbeat", 1, response, **fencing, **progress))


def test_acknowledged_progress_that_is_not_in_the_trail_is_reported() -> None:
    assert heartbeat(percentage=30) == ["acknowledged progress is never lost"]


def test_a_heartbeat_with_the_end_that_is_in_the_trail_breaks_nothing() -> None:
    assert heartbeat() == []


@pytest.mark.parametrize("other", [{"ends": 3.5}, {"lease": 2}])
def test_a_heartbeat_with_another_end_or_another_lease_than_in_the_trail_is_reported(
    other: dict[str, Any],
) -> None:
    assert heartbeat(**other) == [RENEWAL]


def test_an_acknowledged_renewal_that_is_not_in_the_trail_is_reported() -> None:
    def renewal(ends: str) -> list[str]:
        response = {"renewed": True, "expires_at": f"{HOUR}{ends}+00:00"}
        return broken_by(
            HELD, called("renew_lease", 1, response, lease_id="lease-1", fencing_token=1)
        )

    assert renewal("03.000") == []
    assert renewal("04.000") == [RENEWAL]


@pytest.mark.parametrize("call", ["claim_job", "acquire_lease"])
def test_a_grant_with_another_token_than_in_the_trail_is_reported(call: str) -> None:
    def granted(token: int) -> list[str]:
        response: dict[str, Any] = {
            "outcome": "claimed",
            "granted": True,
            "job": {"project_id": "reel"},
            "lease": {"fencing_token": token},
            "clips": [],
        }
        return broken_by(HELD, called(call, 1, response, lease_id="lease-1", job_id="job"))

    assert granted(1) == []
    assert len(granted(2)) == 1


def released(at: float, by: str = "release_lease", lease: int = 1) -> list[str]:
    removed = change(3, 1.5, RENEWED, None, by=by)
    fencing = {"lease_id": f"lease-{lease}", "fencing_token": lease}
    return broken_by((*HELD, removed), called("release_lease", at, True, **fencing))


def test_a_release_that_ends_its_lease_within_its_request_breaks_nothing() -> None:
    assert released(1.5) == []


def test_an_acknowledged_release_that_did_not_end_its_callers_lease_is_reported() -> None:
    assert released(1.5, lease=2) == [OWN]
    assert released(4) == [OWN]
    assert released(1, by="cancel_job") == [OWN]
    assert released(1.5, by="cancel_job") == [OWN]


def test_a_release_may_end_a_jobs_lease_by_moving_its_end_to_now() -> None:
    cut = change(3, 1.5, RENEWED, lock(1, 0, 1.5), by="release_lease")
    fencing = {"lease_id": "lease-1", "fencing_token": 1}
    assert broken_by((*HELD, cut), called("release_lease", 1.5, True, **fencing)) == []


@pytest.mark.parametrize("status", ["completed", "failed"])
def test_an_end_that_is_acknowledged_to_another_attempt_is_reported(status: str) -> None:
    assert finished(status, 1) == []
    assert finished(status, 2) == [OTHERS_END]


def finished(status: str, token: int, **end: Any) -> list[str]:
    """The rules broken when an attempt's finish is acknowledged; the job ended without result and error."""
    ended = change(3, 1, None, job(status, 1), relation="editai_jobs")
    params = {"job_id": "job", "fencing_token": token, "status": status}
    params |= {"result": None, "error": None} | end
    return broken_by((*HELD, ended), called("finish_job", 1, "finished", **params))


@pytest.mark.parametrize("end", [{"result": {"clip_ids": []}}, {"error": {"code": "unreadable"}}])
def test_an_end_with_another_result_or_error_than_acknowledged_is_reported(
    end: dict[str, Any],
) -> None:
    assert finished("failed", 1, **end) == [OTHER_END]


def test_a_claim_whose_response_lacks_a_checkpoint_is_reported() -> None:
    def claimed(*told_of: str, token: int = 2) -> list[str]:
        second = lock(token, 3, 5, job_id="job")
        clip = {"id": "clip", "job_id": "job", "storage_path": "reel/jobs/job/1/clip-1.mp4"}
        trail = (
            change(1, 0, None, lock(1, 0, 2, job_id="job")),
            change(2, 1, None, clip, relation="editai_clips", by="record_clip"),
            change(3, 3, lock(1, 0, 2, job_id="job"), second, by="claim_job"),
        )
        response = {
            "outcome": "claimed",
            "job": {"project_id": "reel"},
            "lease": {"fencing_token": token},
            "clips": [{"id": id_} for id_ in told_of],
        }
        claim = called("claim_job", 3, response, lease_id=f"lease-{token}", job_id="job")
        return [rule for rule in broken_by(trail, claim) if rule == CHECKPOINTS]

    assert claimed("clip") == []
    assert claimed() == [CHECKPOINTS]


def test_a_released_lease_whose_holder_did_not_ask_for_it_is_reported() -> None:
    def released_after_requests_of(*asked: str) -> list[str]:
        model = Model(longest_ttl_seconds=2)
        model.replay([*HELD, change(3, 1.5, RENEWED, None, by="release_lease")])
        responses = Responses(model=model)
        responses.check([{"releasing": lease_id, "requested_at": 1.4} for lease_id in asked])
        responses.check([])
        return [violation.rule for violation in model.violations]

    assert released_after_requests_of("lease-1") == []
    assert released_after_requests_of("lease-2") == [OWN]


def test_an_acknowledged_end_that_is_not_in_the_trail_is_reported() -> None:
    params = {
        "job_id": "job",
        "fencing_token": 1,
        "status": "failed",
        "result": None,
        "error": None,
    }
    rule = "an acknowledged end is never lost"
    assert broken_by(HELD, called("finish_job", 1, "finished", **params)) == [rule]
