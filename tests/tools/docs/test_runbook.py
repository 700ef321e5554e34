"""Each step of the runbook names a command, and each command that a page, a finding or an alert names exists."""

import re
import shlex
from collections.abc import Iterator

import pytest

from editai_admin.__main__ import parser
from tests.deploy.test_documented_flags import problems
from tests.tools.docs import pages

VALUE = "00000000-0000-0000-0000-000000000001"
PAGE = "docs/operations.md"
SOURCES = (PAGE, "shared/ops/diagnosis.py", "editai_admin/library.py")


def named(program: str) -> list[str]:
    """The calls of a program: code in a sentence, a line of a block, or a string of Python."""
    found: set[str] = set()
    for source in SOURCES:
        text = pages.page(source)
        marks = "`" if source == PAGE else '"'
        found.update(re.findall(rf"{marks}({program} [^{marks}\n]+){marks}", text))
        found.update(re.findall(rf"^(?:.*\$\()?({program} [^)\n]+)\)?$", text, re.MULTILINE))
    return sorted(found)


def words_of(command: str) -> list[str]:
    known = re.sub(r"\{[^}]*\}|\b(JOB|PROJECT|HOLDER)\b", VALUE, command)
    return shlex.split(known)


@pytest.mark.parametrize("command", named("editai-admin"))
def test_a_named_command_exists(command: str) -> None:
    assert parser().parse_args(words_of(command)[1:]).command


@pytest.mark.parametrize("command", named("gcloud"))
def test_a_named_call_of_gcloud_is_documented(command: str) -> None:
    assert problems(words_of(command)) == []


def steps() -> Iterator[tuple[str, str]]:
    """The steps of the runbook: a bold sentence or a heading, and the text up to the next one."""
    _, _, runbook = pages.page(PAGE).partition("\n## Runbook\n")
    runbook, _, _ = runbook.partition("\n## ")
    begins = re.compile(r"^(?:\*\*(.+?)\*\*|### (.+)$)", re.MULTILINE)
    found = list(begins.finditer(runbook))
    ends = [match.start() for match in found[1:]] + [len(runbook)]
    for match, end in zip(found, ends, strict=True):
        text = runbook[match.end() : end].strip()
        if text:
            yield (match[1] or match[2]), text


@pytest.mark.parametrize(("name", "text"), list(steps()), ids=lambda value: value[:30])
def test_a_step_names_the_command_that_does_it(name: str, text: str) -> None:
    in_sentences = re.findall(r"`(?:editai-admin|gcloud|curl|\./deploy\.sh) [^`]+`", text)
    in_blocks = re.findall(r"^```(?:sql)?\n(?:gcloud|select) ", text, re.MULTILINE)
    assert in_sentences or in_blocks, name


def test_the_page_has_a_row_for_every_command() -> None:
    _, _, runbook = pages.page(PAGE).partition("\n## Runbook\n")
    rows = re.findall(r"^\| `editai-admin (\w+)", runbook, re.MULTILINE)
    listed = re.findall(r"^    (\w+) +[A-Z]", parser().format_help(), re.MULTILINE)
    assert len(listed) > 10
    assert sorted(rows) == sorted(listed)


def test_each_code_of_a_finding_is_explained() -> None:
    """A code that is made from a reason is explained by its beginning."""
    explained = pages.page(PAGE)
    sources = [pages.page(source) for source in SOURCES[1:]]
    codes = [code for text in sources for code in re.findall(r'code=f?"([\w-]+)', text)]
    assert len(codes) > 10
    assert [code for code in codes if f"`{code.removesuffix('-')}" not in explained] == []


def test_an_unknown_command_would_be_seen() -> None:
    with pytest.raises(SystemExit):
        parser().parse_args(["repair"])
