"""The form of refusals: the library's to its callers, the database's to the functions."""

from typing import Any

import pytest

from tests.faults.tests.rules.trails import called, change, lock, told

HELD = (change(1, 0, None, lock(1, 0, 2)),)


def refused(status: int = 409, **changes: Any) -> list[str]:
    """What is wrong with a refusal while a lease is live."""
    event: dict[str, Any] = {
        "http": "start",
        "project_id": "reel",
        "requested_at": 1,
        "answered_at": 1,
        "status": status,
        "answer": {},
        "content_type": "application/problem+json",
        "retry_after": "5",
        "body": '{"type": "urn:editai:problem:project-busy"}',
    }
    return told(HELD, event | changes)


def test_a_refusal_in_the_form_that_is_promised_is_right() -> None:
    assert refused() == []
    assert refused(404, retry_after=None) == []


@pytest.mark.parametrize("status", [409, 429, 503])
def test_a_refusal_that_does_not_say_when_to_try_again_is_noticed(status: int) -> None:
    assert refused(status, retry_after=None) == ["a refusal that passes says when to try again"]


@pytest.mark.parametrize("content_type", [None, "text/plain", "application/json"])
def test_a_refusal_that_is_no_problem_details_is_noticed(content_type: str | None) -> None:
    assert refused(404, content_type=content_type) == ["a refusal comes as problem details"]


@pytest.mark.parametrize(
    "body",
    ["editai_locks", "PGRST002", "Traceback (most recent", "a select from", "/run/reel/storage"],
)
def test_a_refusal_that_tells_of_the_inside_is_noticed(body: str) -> None:
    assert refused(404, body=body) == ["a refusal tells nothing of the inside"]


@pytest.mark.parametrize("code", ["40P01", "23505", "23503", "P0001", "42501", "42883"])
def test_a_fault_of_the_sql_is_noticed(code: str) -> None:
    rule = "the SQL functions never deadlock and never fail by themselves"
    assert told(HELD, called("start_job", 1, None) | {"status": 400, "error": code}) == [rule]


@pytest.mark.parametrize("code", ["57P01", "55P03", "PGRST002", "08006", None])
def test_a_database_that_is_away_is_no_fault_of_the_sql(code: str | None) -> None:
    assert told(HELD, called("start_job", 1, None) | {"status": 503, "error": code}) == []
