"""A run has passed if no rule was broken and nothing is left."""

from dataclasses import replace
from typing import Any

import pytest

from tests.faults.report import Ended, Report
from tests.faults.rules.files import Files
from tests.faults.rules.health import Calm
from tests.faults.rules.violations import Violation

RULE = Violation(rule="live leases never overlap", project_id="reel", facts={}, history=())


LEFT = Ended(remains={"leases that nobody has reclaimed": ("reel",)})
WHOLE = Report(
    seed=1,
    seconds=60,
    workers=2,
    pace_seconds=1.4,
    operations={"leases granted": 1},
    client_counts={},
    responses={},
    failures={},
    faults={},
    faults_not_counted={},
    deliveries={},
    refused_writes={},
    durations={},
    recoveries=(),
    quiet_recoveries=(),
    recovery_bound_seconds=2.5,
    calm=Calm(),
    ended=Ended(),
    files=Files(),
    violations=(),
    broken=None,
)


def test_a_run_without_violations_and_leftovers_has_passed() -> None:
    assert WHOLE.passed


@pytest.mark.parametrize(
    "found",
    [
        {"violations": (RULE,)},
        {"ended": Ended(not_ended=1)},
        {"ended": LEFT},
        {"files": Files(lost=("reel/1.mp4",))},
        {"files": Files(missing=("reel/1.mp4",))},
        {"files": Files(garbage=1)},
    ],
)
def test_a_run_with_a_violation_or_a_leftover_has_not_passed(found: dict[str, Any]) -> None:
    assert not replace(WHOLE, **found).passed


def test_a_report_names_what_is_left() -> None:
    text = str(replace(WHOLE, ended=LEFT))
    assert "leases that nobody has reclaimed: reel" in text
