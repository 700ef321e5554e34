"""The model on histories of a few lines: correct ones pass, and each broken rule is reported by name."""

from tests.faults.rules.model import Model
from tests.faults.tests.rules.trails import broken, change, job, lock


def test_a_lease_that_is_granted_renewed_and_released_breaks_nothing() -> None:
    first, renewed = lock(1, 0, 2), lock(1, 0, 3)
    assert (
        broken(
            change(1, 0, None, first),
            change(2, 1, first, renewed),
            change(3, 2, renewed, None, by="release_lease"),
            change(4, 2, None, lock(2, 2, 4)),
        )
        == []
    )


def test_a_grant_over_a_live_lease_is_reported() -> None:
    first = lock(1, 0, 2)
    entries = change(1, 0, None, first), change(2, 1, first, lock(2, 1, 3))
    assert broken(*entries) == ["live leases never overlap"]


def test_a_token_that_does_not_increase_is_reported() -> None:
    first = lock(5, 0, 2)
    entries = change(1, 0, None, first), change(2, 3, first, lock(4, 3, 5))
    assert broken(*entries) == ["tokens strictly increase"]


def test_a_renewal_of_an_expired_lease_is_reported() -> None:
    first = lock(1, 0, 2)
    entries = change(1, 0, None, first), change(2, 4, first, lock(1, 0, 6))
    assert broken(*entries) == ["an expired lease is never renewed"]


def test_progress_written_with_an_old_token_is_reported() -> None:
    progress = {"percentage": 5, "current_step": "Making", "fencing_token": 1}
    entries = (
        change(1, 0, None, lock(2, 0, 2)),
        change(2, 1, None, progress, relation="editai_generation_progress"),
    )
    assert broken(*entries) == ["every accepted write carried the current token"]


def test_a_history_that_is_not_in_the_order_of_commits_is_reported() -> None:
    first, renewed = lock(1, 0, 2), lock(1, 0, 3)
    begun = change(1, 0, None, first, committed=1.5)
    rule = "the audit trail is in the order of commits"
    assert broken(begun, change(2, 1, first, renewed, committed=1.4)) == [rule]
    assert broken(begun, change(2, 1, first, renewed, committed=1.5)) == []


def test_an_entry_that_is_read_after_later_ones_is_reported() -> None:
    first, renewed = lock(1, 0, 2), lock(1, 0, 3)
    model = Model(longest_ttl_seconds=2)
    model.replay([change(7, 0, None, first)])
    model.replay([change(6, 1, first, renewed)])
    assert [v.rule for v in model.violations] == ["the audit trail is in the order of commits"]


def test_a_new_attempt_that_shows_the_previous_ones_progress_is_reported() -> None:
    """A reader would see the new attempt's progress go down at its first heartbeat."""
    running = job("running", 1)
    progress = {"percentage": 80, "current_step": "Making", "fencing_token": 1}
    first, second = lock(1, 0, 2, job_id="job"), lock(2, 3, 5, job_id="job")
    again = job("running", 2, attempt=2)
    claimed = {"txid": "claim"}
    entries = (
        change(1, 0, None, first, txid="start"),
        change(2, 0, None, running, relation="editai_jobs", txid="start"),
        change(3, 1, None, progress, relation="editai_generation_progress"),
        change(4, 3, first, second, **claimed),
        change(5, 3, running, again, relation="editai_jobs", **claimed),
    )
    assert broken(*entries) == ["an attempt shows no progress but its own"]
    begun = progress | {"percentage": 0, "fencing_token": 2}
    written = change(6, 3, progress, begun, relation="editai_generation_progress", **claimed)
    assert broken(*entries, written) == []
