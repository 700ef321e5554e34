"""Limits on what a user may take: how many a minute, and how many at a time. SQL counts, across all instances."""

from collections.abc import Mapping
from math import ceil
from typing import Literal

from pydantic import TypeAdapter

from shared.errors import LimitReached
from shared.jobs.records import Possibly, Record

RETRY_AFTER_SECONDS = 60
"""Only a hint, where it is not known when there will be room again."""


class Rate(Record):
    """Where a user stands with a limit a minute: what is left of `maximum`, and when all of it is available again.

    `wait_seconds` is 0 if the action is allowed now.
    """

    action: Literal["start", "probe"]
    maximum: int
    remaining: int
    wait_seconds: float
    reset_seconds: float


RATE: TypeAdapter[Rate | None] = TypeAdapter(Possibly[Rate])
"""The form of a rate that SQL returns; None without a limit."""

_WHAT = {
    "start": ("starts_per_minute", "job starts a minute"),
    "probe": ("probes_per_minute", "uploads and confirmations a minute"),
    "waiting": ("waiting_probes", "uploads and confirmations waiting"),
    "project": ("projects", "projects"),
    "pending": ("pending_sources", "sources that wait for their upload"),
}
_ADVICE = {
    "project": "Delete one first.",
    "pending": "Confirm or delete one first. One that is not confirmed within a day is deleted.",
}


def limit_reached(
    what: Literal["start", "probe", "waiting", "project", "pending"],
    maximum: int,
    *,
    wait_seconds: float = RETRY_AFTER_SECONDS,
    headers: Mapping[str, str] | None = None,
) -> LimitReached:
    """The 429 for a user who has reached a limit."""
    name, text = _WHAT[what]
    return LimitReached(
        f"The limit is {maximum} {text}. {_ADVICE.get(what, 'Try again later.')}",
        headers={"Retry-After": str(max(1, ceil(wait_seconds))), **(headers or {})},
        limit=name,
        maximum=maximum,
    )


def refuse_over(rate: Rate | None) -> None:
    """Raise LimitReached if the action was refused."""
    if rate and rate.wait_seconds > 0:
        raise limit_reached(rate.action, rate.maximum, wait_seconds=rate.wait_seconds)
