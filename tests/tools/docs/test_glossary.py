"""The glossary's words are in use, and the words that it retires are not."""

import re
from pathlib import Path
from typing import Any, cast

import pytest

from api.app import create_app
from tests.tools.docs import pages

GLOSSARY = pages.ROOT / "docs" / "glossary.md"

RETIRED = {
    "hand over": r"\bhand(?:s|ed|ing)?[ -](?:\w+ )?over\b|\bhand-overs?\b",
    "ask again": r"\bask(?:s|ed|ing)? (?:for )?again\b",
    "answer": r"\banswer(?:s|ed|ing)?\b",
    "place to wait": r"\bplaces? to wait\b",
    "passing": r"\bpassing (?:error|fault|failure)s?\b",
    "MOST_": r"\bMOST_",
    "whoever": r"\bwhoever\b",
    "nobody": r"\bnobody\b",
    "of ours": r"\bof ours\b",
    "dead line": r"\bdead line\b",
}
"""Patterns of words that had another name once, or that a reader has to decode."""


SAID = ("title", "summary", "description", "detail")


def _terms() -> dict[str, str]:
    """The terms in order, each with its row's cell of names."""
    rows = re.findall(r"^\| \*\*(.+?)\*\* \| .+ \| (.+) \|$", GLOSSARY.read_text(), re.MULTILINE)
    return dict(rows)


def test_the_terms_are_in_alphabetical_order() -> None:
    terms = [term.lower() for term in _terms()]
    assert len(terms) > 30
    assert terms == sorted(terms)


@pytest.mark.parametrize("term", _terms())
def test_a_term_is_used(term: str) -> None:
    word = re.compile(rf"\b{re.escape(term.partition(' (')[0])}", re.IGNORECASE)
    using = [page for page in pages.PAGES if page != GLOSSARY and word.search(page.read_text())]
    assert using


@pytest.mark.parametrize("term", _terms())
def test_the_name_of_a_term_exists(term: str) -> None:
    source = _source()
    for name in re.findall(r"`([^`]+)`", _terms()[term]):
        assert (pages.ROOT / name).exists() or _bare(name).lower() in source, name


@pytest.mark.parametrize("page", pages.PAGES, ids=pages.name)
def test_no_page_uses_a_retired_word(page: Path) -> None:
    text = page.read_text()
    if page == GLOSSARY:
        text = text.partition("## Words that we do not use")[0]
    assert _retired(_prose(text)) == []


def test_the_api_uses_no_retired_word() -> None:
    document = create_app().openapi()
    assert [found for text in _texts(document) for found in _retired(text)] == []


def test_a_retired_word_is_seen() -> None:
    """The control of the two tests above."""
    said = "A job is handed over to whoever is free; the library answers, and nobody asks again."
    assert {found.lower() for found in _retired(said)} == {
        "handed over",
        "whoever",
        "answers",
        "nobody",
        "asks again",
    }


def _retired(text: str) -> list[str]:
    return [
        found[0] for word in RETIRED.values() for found in re.finditer(word, text, re.IGNORECASE)
    ]


def _prose(text: str) -> str:
    """A page without its code, which has names of its own."""
    return re.sub(r"`[^`\n]+`", "", pages.without_blocks(text))


def _texts(node: Any) -> list[str]:
    """What a document says to people: titles, summaries, descriptions, and the details of example problems."""
    if isinstance(node, list):
        return [text for child in cast("list[Any]", node) for text in _texts(child)]
    if not isinstance(node, dict):
        return []
    members = cast("dict[str, Any]", node)
    own = [members[name] for name in SAID if isinstance(members.get(name), str)]
    return own + [text for child in members.values() for text in _texts(child)]


def _bare(name: str) -> str:
    return re.sub(r'[{}()"]', "", name)


def _source() -> str:
    files = [
        file
        for folder in ("shared", "functions", "supabase")
        for file in (pages.ROOT / folder).rglob("*")
        if file.suffix in {".py", ".sql", ".ts"} and "node_modules" not in file.parts
    ]
    return "\n".join(file.read_text() for file in files).lower()
