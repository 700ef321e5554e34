"""A generated statement, written as the statements of this project are."""

import re

from pglast import keywords
from pglast.parser import scan

_PLAIN_NAME = re.compile(r'"([a-z_][a-z0-9_]*)"')
_NAMES_THAT_NEED_QUOTES = keywords.RESERVED_KEYWORDS | keywords.TYPE_FUNC_NAME_KEYWORDS


def in_project_style(statement: str) -> str:
    """Keywords in lower case, and no quotes around names that need none. Texts in it stay as they are."""
    parts: list[str] = []
    end = 0
    for token in scan(statement):
        parts += statement[end : token.start], _word(statement[token.start : token.end + 1], token)
        end = token.end + 1
    return "".join(parts) + statement[end:]


def _word(text: str, token: object) -> str:
    if getattr(token, "kind", "NO_KEYWORD") != "NO_KEYWORD":
        return text.lower()
    name = _PLAIN_NAME.fullmatch(text)
    return name[1] if name and name[1] not in _NAMES_THAT_NEED_QUOTES else text
