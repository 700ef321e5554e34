"""When a request is repeated, and how long to wait before.

Safe to repeat: a method that is idempotent by itself (RFC 9110, 9.2.2), a start of a job with an Idempotency-Key, and
two POSTs that the library documents as repeatable.

May help: a repeat after no response, after 502, 503 or 504, and after 429 with Retry-After. Not if the user has too
many active jobs: that may last for minutes, so the caller decides.
"""

import random
import re
from http import HTTPStatus

import httpx

from editai_client.problems import TooManyJobs, problem_of, retry_after

MAX_DELAY_SECONDS = 30.0
"""A response that asks for a longer pause is not waited for: it is raised."""

RETRIES = 4

GATEWAY_STATUSES = (
    HTTPStatus.BAD_GATEWAY,
    HTTPStatus.SERVICE_UNAVAILABLE,
    HTTPStatus.GATEWAY_TIMEOUT,
)

Outcome = httpx.Response | httpx.TransportError
"""A response, or why there is none."""

_IDEMPOTENT = ("GET", "HEAD", "PUT", "PATCH", "DELETE")
_REPEATABLE_POST = re.compile(r"/(sources/[^/]+/confirm|projects/[^/]+/cancel)")
_LONGEST_BACKOFF_SECONDS = 8.0


def is_repeatable(method: str, path: str, headers: dict[str, str]) -> bool:
    """Whether a request may be sent again although it may have been done."""
    return (
        method in _IDEMPOTENT
        or "Idempotency-Key" in headers
        or _REPEATABLE_POST.fullmatch(path) is not None
    )


def delay_after(outcome: Outcome, failures: int) -> float | None:
    """The seconds to wait before a repeat; None if a repeat cannot help."""
    if isinstance(outcome, httpx.TransportError):
        return backoff_seconds(failures)
    asked = retry_after(outcome)
    if outcome.status_code == HTTPStatus.TOO_MANY_REQUESTS:
        return None if isinstance(problem_of(outcome), TooManyJobs) else asked
    if outcome.status_code not in GATEWAY_STATUSES:
        return None
    return backoff_seconds(failures) if asked is None else asked


def backoff_seconds(failures: int) -> float:
    """Exponential backoff with full jitter: up to 0.5, 1, 2, 4, then 8 seconds. `failures` counts from 1."""
    return random.uniform(0, min(_LONGEST_BACKOFF_SECONDS, 2.0 ** (failures - 2)))  # noqa: S311 - no secret
