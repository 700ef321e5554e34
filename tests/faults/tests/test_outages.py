"""The database goes away while ffmpeg works, and comes back: nothing is lost or hangs, and the job ends by itself."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.faults.load.callers import Response
from tests.faults.rules.observation import Observation, Outage
from tests.faults.tests.running import processes_in, run

SECONDS = 6
LONG, SHORT = 60, 4
"""Times to live: one outlasts the outage, the other does not."""


@pytest.mark.parametrize(
    "options",
    [(f"--ttl={LONG}",), (f"--ttl={LONG}", "--hanging"), (f"--ttl={SHORT}",)],
    ids=["gone", "hanging", "gone for longer than a lease lives"],
)
def test_every_promise_holds_in_an_outage(folder: Path, options: tuple[str, ...]) -> None:
    result = run(folder, f"--outage={SECONDS}", *options)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "broken            nothing" in result.stdout
    assert processes_in(folder) == []


REFUSED = Response(request="GET /progress", status=503, seconds=0.1, retry_after="5")


def seen(ttl_seconds: float = LONG) -> Observation:
    """An observation that breaks no promise."""
    return Observation(
        outage=Outage(seconds=SECONDS, ttl_seconds=ttl_seconds),
        responses=[REFUSED],
        ffmpeg_worked_for=SECONDS if ttl_seconds == LONG else 3,
        percentage_before=10,
        percentages_after=[10, 40, 100],
        status="ready_for_triage",
        attempt=1 if ttl_seconds == LONG else 2,
    )


@pytest.mark.parametrize("ttl_seconds", [LONG, SHORT])
def test_an_observation_as_promised_breaks_nothing(ttl_seconds: float) -> None:
    assert seen(ttl_seconds).broken == []


@pytest.mark.parametrize(
    ("found", "promise"),
    [
        (
            replace(seen(), responses=[replace(REFUSED, seconds=4.5)]),
            "every response comes within 3 s",
        ),
        (
            replace(seen(), responses=[replace(REFUSED, retry_after=None)]),
            "every request is answered with 503 and Retry-After",
        ),
        (
            replace(seen(), responses=[replace(REFUSED, status=200)]),
            "every request is answered with 503 and Retry-After",
        ),
        (
            replace(seen(), percentages_after=[5, 100]),
            "progress never goes down within an attempt",
        ),
        (replace(seen(), status="failed"), "the job ends by itself"),
        (replace(seen(), ffmpeg_worked_for=2.0), "ffmpeg goes on while its lease is live"),
        (replace(seen(), attempt=2), "the job ends in its first attempt"),
        (replace(seen(SHORT), ffmpeg_worked_for=4.5), "ffmpeg stops before its lease ends"),
        (replace(seen(SHORT), attempt=1), "another attempt goes on"),
    ],
)
def test_each_broken_promise_is_named(found: Observation, promise: str) -> None:
    assert found.broken == [promise]
