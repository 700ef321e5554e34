"""The RateLimit fields of a response to a job start: what its caller may start, from what the start has returned.

Source: draft-ietf-httpapi-ratelimit-headers-10, "RateLimit header fields for HTTP". `q` is the quota, `w` its window in
seconds, `r` what remains, `t` the seconds until all of it is available again. The number of active jobs has no window,
because room comes when a job ends. What remains of it is told when it is 0; to count it otherwise would cost each start
a query.
"""

from math import ceil

from shared.auth.users import Caller
from shared.jobs.lifecycle import JobStart
from shared.jobs.limits import Rate
from shared.settings import Settings

STARTS, ACTIVE_JOBS = "starts-per-minute", "active-jobs"
WINDOW_SECONDS = 60


def rate_limit_headers(
    caller: Caller, start: JobStart | None, settings: Settings
) -> dict[str, str]:
    """The fields for a caller who has limits; none for the service key."""
    if caller.owner_id is None:
        return {}
    policy = (
        f'"{STARTS}";q={settings.max_starts_per_minute};w={WINDOW_SECONDS}, '
        f'"{ACTIVE_JOBS}";q={settings.max_active_jobs_per_user}'
    )
    state = ", ".join(_state(start)) if start else ""
    return {"RateLimit-Policy": policy} | ({"RateLimit": state} if state else {})


def _state(start: JobStart) -> list[str]:
    rate = start.rate
    starts = [_of_starts(rate)] if rate and rate.action == "start" else []
    return starts + ([f'"{ACTIVE_JOBS}";r=0'] if start.outcome == "too_many_jobs" else [])


def _of_starts(rate: Rate) -> str:
    return f'"{STARTS}";r={rate.remaining};t={ceil(rate.reset_seconds)}'
