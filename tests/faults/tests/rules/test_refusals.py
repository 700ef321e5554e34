"""The form of errors: the library's to its callers, and the database's to the functions."""

from typing import Any

import pytest

from tests.faults.tests.rules.trails import broken_by, called, change, lock

HELD = (change(1, 0, None, lock(1, 0, 2)),)


def refused(status: int = 409, **changes: Any) -> list[str]:
    """The rules broken by a refusal while a lease is live."""
    event: dict[str, Any] = {
        "http": "start",
        "project_id": "reel",
        "requested_at": 1,
        "responded_at": 1,
        "status": status,
        "response": {},
        "content_type": "application/problem+json",
        "retry_after": "5",
        "body": '{"type": "urn:editai:problem:project-busy"}',
    }
    return broken_by(HELD, event | changes)


def test_a_refusal_in_the_promised_form_breaks_nothing() -> None:
    assert refused() == []
    assert refused(404, retry_after=None) == []


@pytest.mark.parametrize("status", [409, 429, 503])
def test_a_transient_refusal_without_retry_after_is_reported(status: int) -> None:
    assert refused(status, retry_after=None) == ["a refusal that passes says when to try again"]


@pytest.mark.parametrize("content_type", [None, "text/plain", "application/json"])
def test_a_refusal_without_problem_details_is_reported(content_type: str | None) -> None:
    assert refused(404, content_type=content_type) == ["a refusal comes as problem details"]


@pytest.mark.parametrize(
    "body",
    ["editai_locks", "PGRST002", "Traceback (most recent", "a select from", "/run/reel/storage"],
)
def test_a_refusal_with_words_of_the_database_or_the_code_is_reported(body: str) -> None:
    assert refused(404, body=body) == ["a refusal tells nothing of the inside"]


@pytest.mark.parametrize("code", ["40P01", "23505", "23503", "P0001", "42501", "42883"])
def test_an_error_that_means_a_bug_in_the_sql_is_reported(code: str) -> None:
    rule = "the SQL functions never deadlock and never fail by themselves"
    assert broken_by(HELD, called("start_job", 1, None) | {"status": 400, "error": code}) == [rule]


@pytest.mark.parametrize("code", ["57P01", "55P03", "PGRST002", "08006", None])
def test_an_error_of_a_database_that_is_away_breaks_nothing(code: str | None) -> None:
    assert broken_by(HELD, called("start_job", 1, None) | {"status": 503, "error": code}) == []
