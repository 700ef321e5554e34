"""Builds histories of a few lines for tests of the rules: of one project, "reel", from 12:00:00 on."""

from typing import Any

from tests.faults.evidence.entries import Entry
from tests.faults.rules.model import Model
from tests.faults.rules.responses import Responses

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
    path = f"/rpc/editai_{facts.pop('by', '')}"
    committed_at = BEGUN + facts.pop("committed", at)
    return Entry(
        **(usual | facts),
        seq=seq,
        at=BEGUN + at,
        committed_at=committed_at,
        path=path,
        project_id="reel",
        old=old,
        new=new,
    )


def job(status: str, token: int | None, attempt: int = 1, **changes: Any) -> dict[str, Any]:
    return {
        "id": "job",
        "kind": "raw_clips",
        "status": status,
        "attempt": attempt,
        "max_attempts": 3,
        "fencing_token": token,
        "deadline_at": f"{HOUR}59.000+00:00",
        "result": None,
        "error": None,
    } | changes


def broken(*entries: Entry) -> list[str]:
    model = Model(longest_ttl_seconds=2)
    model.replay(entries)
    return [violation.rule for violation in model.violations]


def broken_by(entries: tuple[Entry, ...], *events: dict[str, Any]) -> list[str]:
    """The rules broken by responses, given a trail; their times are seconds after 12:00:00."""
    model = Model(longest_ttl_seconds=2)
    model.replay(entries)
    Responses(model=model, clock_offset=BEGUN, directory="/run/reel").check(events)
    return [violation.rule for violation in model.violations]


def called(function: str, at: float, response: Any, **params: Any) -> dict[str, Any]:
    """The recorded response to a call of a SQL function that took no time."""
    return {
        "call": function,
        "requested_at": at,
        "responded_at": at,
        "status": 200,
        "params": {"p_project_id": "reel"} | {f"p_{name}": params[name] for name in params},
        "response": response,
    }
