"""What the operations page tells to look for exists in the code."""

import re
from collections.abc import Iterator

from tests.tools.docs import pages


def test_every_message_that_an_alert_filters_by_is_logged() -> None:
    filtered = re.findall(r'jsonPayload\.message[:=]"([^"]+)"', pages.page("docs/operations.md"))
    assert filtered
    source = "\n".join(_python())
    assert [message for message in filtered if message not in source] == []


def test_the_metrics_are_those_of_the_code() -> None:
    named = re.findall(r"^\| `(editai\.[\w.]+)` \|", pages.page("docs/operations.md"), re.MULTILINE)
    in_code = re.findall(r'"(editai\.(?:conflicts|cleanup|\w+\.\w+))"', "\n".join(_python()))
    attributes = re.findall(r"`(editai\.[\w.]+)`", pages.page("docs/operations.md"))
    assert set(named) <= set(in_code)
    assert {name for name in in_code if name.count(".") == 2} <= set(attributes)


def _python() -> Iterator[str]:
    for folder in ("shared", "functions"):
        for file in (pages.ROOT / folder).rglob("*.py"):
            yield file.read_text()
