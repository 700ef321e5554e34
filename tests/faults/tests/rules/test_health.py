"""Leases that expired in the calm, and which of their workers were healthy according to their calls."""

from typing import Any

from tests.faults.rules.health import Calm, Health
from tests.faults.rules.model import Model
from tests.faults.tests.rules.trails import BEGUN, called, change, lock

STEADILY = tuple(10 + step * 0.3 for step in range(8))
"""Calls from the grant at 10 to the end at 12."""


def claim(at: float, **response: Any) -> dict[str, Any]:
    told = {"outcome": "claimed"} | response
    return called("claim_job", at, told, lease_id="lease-1") | {"process": 7}


def calls(*moments: float, seconds: float = 0.1) -> list[dict[str, Any]]:
    """Calls of the worker process, each with its response some seconds later."""
    beats = (called("heartbeat", at, {"outcome": "held"}) | {"process": 7} for at in moments)
    return [beat | {"responded_at": beat["requested_at"] + seconds} for beat in beats]


def judged(
    *events: dict[str, Any], since: float = 9, renewed_by: str = "heartbeat", **changes: Any
) -> Calm:
    """The figures of a calm in which a lease expired at 12."""
    job = {"job_id": "job", "holder": "worker host 7-a1b2c3"}
    taken, renewed = lock(1, 10, 11, **job), lock(1, 10, 12, **job | changes)
    model = Model(longest_ttl_seconds=2)
    model.replay(
        [
            change(1, 10, None, taken),
            change(2, 10.5, taken, renewed, by=renewed_by),
            change(3, 12.5, renewed, None, by="cleanup_leases"),
        ]
    )
    health = Health(ttl_seconds=2, since=BEGUN + since)
    for event in events:
        health.note(event, BEGUN)
    return health.calm(model.dead_leases)


def test_a_lease_that_expires_while_its_worker_is_healthy_is_counted() -> None:
    assert judged(claim(10), *calls(*STEADILY)) == Calm(taken=1, ran_out=1, while_healthy=1)


def test_a_worker_without_calls_for_a_while_is_not_healthy() -> None:
    assert judged(claim(10), *calls(*STEADILY[:3], *STEADILY[5:])).while_healthy == 0


def test_a_worker_with_slow_responses_is_not_healthy() -> None:
    assert judged(claim(10), *calls(*STEADILY, seconds=0.5)).while_healthy == 0


def test_a_worker_whose_claim_got_a_late_response_is_not_healthy() -> None:
    late = claim(9.9) | {"responded_at": 11.5}
    assert judged(late, *calls(*STEADILY)).while_healthy == 0


def test_a_lease_whose_claim_got_no_response_is_not_counted() -> None:
    assert judged(*calls(*STEADILY)) == Calm()


def test_a_lease_that_was_taken_before_the_calm_is_not_counted() -> None:
    assert judged(claim(10), *calls(*STEADILY), since=10.5).while_healthy == 0


def test_a_lease_that_was_given_up_or_reached_its_deadline_says_nothing_of_health() -> None:
    assert judged(claim(10), *calls(*STEADILY), renewed_by="renew_lease").while_healthy == 0
    deadline = lock(1, 10, 12)["expires_at"]
    assert judged(claim(10), *calls(*STEADILY), deadline_at=deadline).while_healthy == 0
