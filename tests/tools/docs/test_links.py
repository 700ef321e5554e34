"""Every link inside the repository leads somewhere, and every file that a page names exists."""

import re
from pathlib import Path

import pytest

from tests.tools.docs import pages

FOLDERS = (
    *("shared", "functions", "local", "tests", "bench", "docs", "deploy", "supabase", "clients"),
    *("assets", ".github", ".ci", "web", "examples"),
)
MADE_LATER = {
    *("supabase/functions/.env", "build/", "shared/job_params/source_report.py"),
    "functions/worker/pipeline/recipes/source_report.py",
}
"""What a reader makes by following the page that names it."""

_PATH = re.compile(rf"(?:{'|'.join(map(re.escape, FOLDERS))})/[\w./*-]*")


@pytest.mark.parametrize("page", pages.PAGES, ids=pages.name)
def test_links_lead_somewhere(page: Path) -> None:
    text = page.read_text()
    broken = [target for target in pages.links(text) if not _exists(page, target)]
    assert not broken


@pytest.mark.parametrize("page", pages.PAGES, ids=pages.name)
def test_named_files_exist(page: Path) -> None:
    missing = [path for path in _paths(page.read_text()) if not list(pages.ROOT.glob(path))]
    assert not missing


@pytest.mark.parametrize("page", pages.PAGES, ids=pages.name)
def test_named_make_targets_exist(page: Path) -> None:
    makefile = pages.page("Makefile")
    targets = {found[1] for found in re.finditer(r"^([\w-]+):", makefile, re.MULTILINE)}
    named = {
        found[1]
        for span in pages.code(page.read_text())
        if (found := re.match(r"make ([a-z-]+)", span))
    }
    assert named <= targets


def test_what_is_not_there_is_seen() -> None:
    """The control of the two checks above."""
    readme = pages.ROOT / "README.md"
    assert not _exists(readme, "docs/nowhere.md")
    assert not _exists(readme, "docs/operations.md#no-such-heading")
    assert list(_paths("see `shared/nowhere.py` and `shared`")) == ["shared/nowhere.py"]
    assert not list(pages.ROOT.glob("shared/nowhere.py"))


def _exists(page: Path, target: str) -> bool:
    if re.match(r"[a-z]+:", target):
        return True
    path, _, anchor = target.partition("#")
    file = (page.parent / path).resolve() if path else page
    if not file.exists():
        return False
    return not anchor or anchor in pages.anchors(file.read_text())


def _paths(text: str) -> list[str]:
    """The repository's paths in backquotes: whole spans, and words of a span that is a command."""
    words = (word for span in pages.code(text) for word in span.split())
    found = (word.strip(",;:") for word in words)
    return [path for path in found if _PATH.fullmatch(path) and path not in MADE_LATER]
