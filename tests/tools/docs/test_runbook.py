"""Each command of editai-admin that a page or a finding names exists, with these arguments."""

import re
from collections.abc import Iterator

import pytest

from editai_admin.__main__ import parser
from tests.tools.docs import pages

VALUE = "00000000-0000-0000-0000-000000000001"
SOURCES = ("docs/operations.md", "shared/ops/diagnosis.py")


def named() -> Iterator[str]:
    for source in SOURCES:
        yield from re.findall(r"[`\"](editai-admin [^`\"]+)[`\"]", pages.page(source))


@pytest.mark.parametrize("command", sorted(set(named())))
def test_a_named_command_exists(command: str) -> None:
    words = re.sub(r"\{[^}]*\}|\b(JOB|PROJECT|HOLDER)\b", VALUE, command).split()[1:]
    assert parser().parse_args(words).command


def test_the_page_has_a_row_for_every_command() -> None:
    rows = re.findall(r"^\| `editai-admin (\w+)", pages.page(SOURCES[0]), re.MULTILINE)
    listed = re.findall(r"^    (\w+) +[A-Z]", parser().format_help(), re.MULTILINE)
    assert len(listed) > 10
    assert sorted(rows) == sorted(listed)


def test_an_unknown_command_would_be_seen() -> None:
    with pytest.raises(SystemExit):
        parser().parse_args(["repair"])
