"""The project's pages, and what they name."""

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[3]
PAGES = (
    *sorted(ROOT.glob("*.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
    *sorted((ROOT / ".github").rglob("*.md")),
    *sorted(
        page for page in (ROOT / "tests").rglob("README.md") if "node_modules" not in page.parts
    ),
)

_FENCE = re.compile(r"^```(?P<language>[\w-]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)


def name(page: Path) -> str:
    """A page's path in the repository: the id of its test."""
    return str(page.relative_to(ROOT))


def page(path: str) -> str:
    """The text of one page."""
    return (ROOT / path).read_text()


def without_blocks(text: str) -> str:
    """A page without its fenced blocks."""
    return _FENCE.sub("", text)


def blocks(text: str, language: str) -> list[str]:
    """The fenced blocks of one language, in order."""
    return [found["text"] for found in _FENCE.finditer(text) if found["language"] == language]


def links(text: str) -> Iterator[str]:
    """The targets of a page's links."""
    for found in re.finditer(r"\]\((?P<target>[^)\s]+)\)", without_blocks(text)):
        yield found["target"]


def code(text: str) -> Iterator[str]:
    """What a page sets in backquotes."""
    for found in re.finditer(r"`([^`\n]+)`", without_blocks(text)):
        yield found[1]


def anchors(text: str) -> set[str]:
    """The anchors that GitHub gives a page's headings."""
    headings = re.findall(r"^#+ (.+)$", without_blocks(text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
