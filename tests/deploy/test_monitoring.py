"""The dashboard and the alert rules ask for metrics that the code has, by attributes that it sets."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from editai_admin.__main__ import parser
from local.programs import CHECKOUT

MONITORING = CHECKOUT / "deploy" / "monitoring"
CODE = ("shared", "functions")
_SUFFIX = re.compile(r"(_seconds)?(_total|_count|_bucket|_sum)$")


def sources() -> Iterator[str]:
    for folder in CODE:
        for file in (CHECKOUT / folder).rglob("*.py"):
            yield file.read_text()


def instruments() -> dict[str, str]:
    """The name that Prometheus's OTLP receiver gives each of our metrics, and what kind of instrument it is."""
    code = "\n".join(sources())
    found = re.findall(r'create_(counter|histogram)\(\s*"(editai[\w.]+)"', code)
    return {name.replace(".", "_"): kind for kind, name in found}


def rules() -> list[dict[str, Any]]:
    content = yaml.safe_load((MONITORING / "prometheus-rules.yaml").read_text())
    return [rule for group in content["groups"] for rule in group["rules"]]


def panels() -> list[dict[str, Any]]:
    return json.loads((MONITORING / "grafana-dashboard.json").read_text())["panels"]


def expressions() -> list[str]:
    of_panels = [target["expr"] for panel in panels() for target in panel["targets"]]
    return [*of_panels, *(rule["expr"] for rule in rules())]


@pytest.mark.parametrize("expression", expressions())
def test_an_expression_asks_for_a_metric_of_the_code_by_its_suffixes(expression: str) -> None:
    known = instruments()
    attributes = set(re.findall(r"\b(editai_(?:kind|outcome|holder|action))\b", expression))
    names = set(re.findall(r"\beditai_\w+", expression)) - attributes
    assert names
    for name in names:
        kind = known[_SUFFIX.sub("", name)]
        unit = "_seconds" if kind == "histogram" else ""
        assert re.search(rf"{unit}_(total|count|bucket|sum)$", name)
        assert name.endswith("_total") == (kind == "counter")


def test_every_metric_is_on_the_dashboard() -> None:
    shown = " ".join(target["expr"] for panel in panels() for target in panel["targets"])
    assert [name for name in instruments() if name not in shown] == []


def test_each_attribute_and_value_is_one_that_the_code_sets() -> None:
    code = "\n".join(sources())
    for expression in expressions():
        for name, value in re.findall(r'(editai_\w+)="(\w+)"', expression):
            assert f'"{name.replace("_", ".", 1)}"' in code, name
            assert f'"{value}"' in code, value


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule["alert"])
def test_a_rule_names_the_command_that_explains_it(rule: dict[str, Any]) -> None:
    assert set(rule) <= {"alert", "expr", "for", "labels", "annotations"}
    assert rule["labels"]["severity"] in ("warning", "critical")
    command = rule["annotations"]["runbook"].split()
    assert command[0] == "editai-admin"
    assert parser().parse_args(command[1:]).command


def test_panels_have_ids_and_places_of_their_own() -> None:
    places = [(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in panels()]
    assert len({panel["id"] for panel in panels()}) == len(set(places)) == len(panels())


def test_the_files_are_named_where_operators_read() -> None:
    page = (CHECKOUT / "docs" / "operations.md").read_text()
    for file in MONITORING.iterdir():
        assert f"deploy/monitoring/{Path(file).name}" in page
