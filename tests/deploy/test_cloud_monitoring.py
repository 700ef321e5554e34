"""The files for Cloud Monitoring: they have Google's format, and ask for metrics and lines of the log that exist."""

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from google.cloud.logging_v2.types import LogMetric
from google.cloud.monitoring_dashboard_v1.types import Dashboard
from google.cloud.monitoring_v3.types import AlertPolicy
from google.protobuf.json_format import Parse

from editai_admin.__main__ import parser
from local.programs import CHECKOUT
from tests.deploy.conftest import Cloud
from tests.deploy.test_monitoring import sources

FOLDER = CHECKOUT / "deploy" / "monitoring" / "cloud"
ALERTS = sorted((FOLDER / "alerts").glob("*.json"))
METRICS = sorted((FOLDER / "metrics").glob("*.json"))
DASHBOARD = FOLDER / "dashboard.json"

# Their types and labels: https://cloud.google.com/monitoring/api/metrics_gcp_p_z#gcp-run
# and https://cloud.google.com/monitoring/api/metrics_gcp_c#gcp-cloudtasks
GOOGLES = {
    "run.googleapis.com/request_count": {"response_code", "response_code_class"},
    "run.googleapis.com/request_latencies": {"response_code", "response_code_class"},
    "run.googleapis.com/container/instance_count": {"state"},
    "run.googleapis.com/container/memory/utilizations": set[str](),
    "cloudtasks.googleapis.com/queue/depth": set[str](),
}


def load(file: Path) -> dict[str, Any]:
    return json.loads(file.read_text())


def parsed(file: Path) -> Any:
    """A file as a message of Google's API, which has no unknown field and no unknown value of an enumeration."""
    kind: Any = {"metrics": LogMetric, "alerts": AlertPolicy}.get(file.parent.name, Dashboard)
    return Parse(file.read_text(), kind.pb(kind()))


@cache
def metrics() -> dict[str, set[str]]:
    """Each metric that a filter may name, with its labels."""
    ours = {
        f"logging.googleapis.com/user/editai_{file.stem}": set(
            load(file).get("labelExtractors", ())
        )
        for file in METRICS
    }
    return GOOGLES | ours


def within(content: Any) -> Iterator[tuple[str, list[str]]]:
    """Each filter of a file, with the fields that its series are grouped by."""
    members: list[Any] = [*content.values()] if isinstance(content, dict) else [*content]
    for name in ("filter", "denominatorFilter"):
        if isinstance(content, dict) and name in content:
            groups = re.findall(r'"((?:metric|resource)\.label\.\w+)"', json.dumps(content))
            yield content[name], groups
    for member in members:
        if isinstance(member, dict | list):
            yield from within(member)


def questions() -> list[tuple[str, list[str]]]:
    return [question for file in (DASHBOARD, *ALERTS) for question in within(load(file))]


@pytest.mark.parametrize(
    "file", [DASHBOARD, *ALERTS, *METRICS], ids=lambda file: f"{file.parent.name}/{file.stem}"
)
def test_a_file_has_the_format_of_googles_api(file: Path) -> None:
    assert parsed(file) is not None


def test_an_unknown_field_or_value_would_be_seen(tmp_path: Path) -> None:
    content = load(ALERTS[0])
    for change in ({"severity": "URGENT"}, {"notification": "loud"}):
        file = tmp_path / "alerts" / "wrong.json"
        file.parent.mkdir(exist_ok=True)
        file.write_text(json.dumps(content | change))
        with pytest.raises(Exception, match=r"URGENT|notification"):
            parsed(file)


def test_each_chart_and_alert_asks_for_a_metric_with_the_labels_that_it_has() -> None:
    assert len(questions()) > 25
    for question, groups in questions():
        (name,) = re.findall(r'metric\.type="([^"]+)"', question)
        used = re.findall(r"metric\.labels?\.(\w+)", f"{question} {' '.join(groups)}")
        assert set(used) <= metrics()[name], question
        assert "resource.type=" in question, "Google refuses a policy without it"


def test_each_value_that_is_asked_for_is_one_that_the_code_sets() -> None:
    code = "\n".join(sources())
    for question, _ in questions():
        for label, value in re.findall(r'metric\.labels\.(\w+)="([^"]+)"', question):
            assert label == "response_code_class" or f'"{value}"' in code, value


def test_every_metric_of_ours_is_on_the_dashboard() -> None:
    shown = DASHBOARD.read_text()
    assert METRICS
    assert [file.stem for file in METRICS if f"user/editai_{file.stem}\\" not in shown] == []


@pytest.mark.parametrize("file", METRICS, ids=lambda file: file.stem)
def test_a_metric_counts_lines_that_the_code_logs(file: Path) -> None:
    """Its texts are in calls of a logger, its fields are set, and both have a place in the page for operators."""
    content, code = load(file), "\n".join(sources())
    page = (CHECKOUT / "docs" / "operations.md").read_text()
    asked = content["filter"]
    for member, value in re.findall(r'jsonPayload\.(\w+)[:=]("[^"]*"|\([^)]*\)|\*)', asked):
        assert member in ("logger", "message") or f"`{member}`" in page, member
        for text in re.findall(r'"([^"]+)"', value):
            if member == "logger":
                assert (CHECKOUT / f"{text.replace('.', '/')}.py").is_file()
            else:
                assert text in code, text
    for label, extractor in content.get("labelExtractors", {}).items():
        assert extractor == f"EXTRACT(jsonPayload.{label})"
        assert label == "message" or f"`{label}`" in page
    described = {label["key"] for label in content["metricDescriptor"].get("labels", ())}
    assert described == set(content.get("labelExtractors", ()))


@pytest.mark.parametrize("file", ALERTS, ids=lambda file: file.stem)
def test_an_alert_names_the_command_that_explains_it(file: Path) -> None:
    (command,) = re.findall(r"`(editai-admin [^`]+)`", load(file)["documentation"]["content"])
    assert parser().parse_args(command.split()[1:]).command


def test_the_page_for_operators_lists_each_alert_with_its_command() -> None:
    page = (CHECKOUT / "docs" / "operations.md").read_text()
    rows = re.findall(r"^\| `([\w-]+)` \| .* \| `(editai-admin [^`]+)` \|$", page, re.MULTILINE)
    commands = dict(rows)
    for file in ALERTS:
        assert f"`{commands[file.stem]}`" in load(file)["documentation"]["content"]


def test_tiles_of_the_dashboard_do_not_overlap() -> None:
    layout = load(DASHBOARD)["mosaicLayout"]
    cells = [
        (tile["xPos"] + x, tile["yPos"] + y)
        for tile in layout["tiles"]
        for x in range(tile["width"])
        for y in range(tile["height"])
    ]
    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) < layout["columns"]


def test_what_is_applied_has_googles_format_too(deployed: Cloud) -> None:
    folder = deployed.checkout / "build" / "monitoring"
    files = sorted(folder.rglob("*.json"))
    assert {str(file.relative_to(folder)) for file in files} == {
        str(file.relative_to(FOLDER)) for file in (DASHBOARD, *ALERTS, *METRICS)
    }
    for file in files:
        parsed(file)


def test_a_changed_file_updates_only_its_resource(deployed: Cloud) -> None:
    before = len(deployed.changes)
    folder = deployed.checkout / "deploy" / "monitoring" / "cloud"
    for name in ("metrics/faults", "alerts/memory", "dashboard"):
        file = folder / f"{name}.json"
        file.write_text(file.read_text().rstrip() + "\n\n")

    run = deployed.deploy()

    assert run.returncode == 0, run.stderr
    (policy,) = [
        made
        for made in deployed.changes[before:]
        if made.startswith("update monitoring policies projects/reel-studio-1234/alertPolicies/")
    ]
    assert deployed.changes[before:] == [
        "update logging metrics editai_faults",
        "update monitoring dashboards editai",
        policy,
    ]


def test_channels_and_the_queue_are_settings_and_channels_stay_without_theirs(
    deployed: Cloud,
) -> None:
    channels = [f"projects/reel-studio-1234/notificationChannels/{number}" for number in (1, 2)]
    build = deployed.checkout / "build" / "monitoring"

    deployed.deploy(ALERT_CHANNELS=",".join(channels), QUEUE="reels")
    told = load(build / "alerts/memory.json")["notificationChannels"]
    watched = [(build / name).read_text() for name in ("alerts/jobs-wait.json", "dashboard.json")]
    # The setting is gone, and the policies are written again.
    deployed.deploy()

    assert told == channels
    assert load(build / "alerts/memory.json")["notificationChannels"] == channels
    assert all('queue_id=\\"reels\\"' in text for text in watched)


def test_a_policy_waits_until_its_metric_is_visible(deployed: Cloud) -> None:
    """The first deployment's first policy was refused once."""
    assert "Cannot find metric(s) that match type" in deployed.output
    policies = [made for made in deployed.changes if made.startswith("create monitoring policies")]
    assert len(policies) == len(ALERTS)
