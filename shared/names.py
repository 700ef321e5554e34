"""Names that people give, and names of their files: which characters they may have.

A name is shown to other people and in terminals, so it has no character that is invisible and changes what is shown:
no control characters (C0, DEL, C1), no direction marks, no line separators. Joiners and variation selectors stay
allowed, because Persian, Hindi and emoji need them, but a name does not consist of them alone.
The same rule is editai_is_name in SQL; a test compares the two for every character.
Sources: Unicode 15, table 23-1 and UAX #9 (direction), UTS #51 (emoji sequences).
"""

from pathlib import PurePath

NAME_LENGTH = 200

_SURROGATES = (0xD800, 0xDFFF)

FORBIDDEN: tuple[tuple[int, int], ...] = (
    (0x00, 0x1F),
    (0x7F, 0x9F),
    (0xAD, 0xAD),
    (0x61C, 0x61C),
    (0x180E, 0x180E),
    (0x200B, 0x200B),
    (0x200E, 0x200F),
    (0x2028, 0x202E),
    (0x2060, 0x206F),
    _SURROGATES,
    (0xFEFF, 0xFEFF),
    (0xFFF9, 0xFFFB),
    (0xFFFE, 0xFFFF),
)
"""Ranges of characters that no name has."""

SPACES: tuple[tuple[int, int], ...] = (
    (0x20, 0x20),
    (0xA0, 0xA0),
    (0x1680, 0x1680),
    (0x2000, 0x200A),
    (0x202F, 0x202F),
    (0x205F, 0x205F),
    (0x3000, 0x3000),
)
"""Ranges of spaces: a name neither begins nor ends with one."""

INVISIBLE: tuple[tuple[int, int], ...] = (
    *SPACES,
    (0x34F, 0x34F),
    (0x115F, 0x1160),
    (0x17B4, 0x17B5),
    (0x180B, 0x180D),
    (0x180F, 0x180F),
    (0x200C, 0x200D),
    (0x2800, 0x2800),
    (0x3164, 0x3164),
    (0xFE00, 0xFE0F),
    (0xFFA0, 0xFFA0),
    (0xE0000, 0xE0FFF),
)
"""Ranges of characters that a name may have beside visible ones."""


def checked_name(text: str) -> str:
    """The name without spaces around it. Raises ValueError with a sentence for its author."""
    if any(map(is_forbidden, text)):
        raise ValueError("a name must not contain control characters or invisible marks")
    name = text.strip(_SPACES)
    if not _is_visible(name):
        raise ValueError("a name must contain at least one visible character")
    if len(name) > NAME_LENGTH:
        raise ValueError(f"a name must have at most {NAME_LENGTH} characters")
    return name


def shown_file_name(file_name: str) -> str:
    """A file's name for display: without folders and forbidden characters, and never too long. Never a path."""
    last = PurePath(file_name.replace("\\", "/")).name
    kept = "".join(character for character in last if not is_forbidden(character))
    name = kept.strip(_SPACES)[:NAME_LENGTH].strip(_SPACES)
    return name if _is_visible(name) else "video"


def is_forbidden(character: str) -> bool:
    """Whether no name has this character."""
    return _is_in(character, FORBIDDEN)


def pattern() -> str:
    """The rule as a pattern of JSON Schema, for documents. Characters beyond U+FFFF are not in it.

    Nor are surrogates, which are no characters: some validators cannot read a pattern with them, and one that reads
    UTF-16 would take each emoji for two of them.
    """
    forbidden, invisible = _classes(FORBIDDEN), _classes(INVISIBLE)
    return f"^[^{forbidden}]*[^{forbidden}{invisible}][^{forbidden}]*$"


def _is_visible(name: str) -> bool:
    return any(not _is_in(character, INVISIBLE) for character in name)


def _is_in(character: str, ranges: tuple[tuple[int, int], ...]) -> bool:
    code = ord(character)
    return any(first <= code <= last for first, last in ranges)


def _classes(ranges: tuple[tuple[int, int], ...]) -> str:
    return "".join(
        f"\\u{first:04x}" if first == last else f"\\u{first:04x}-\\u{last:04x}"
        for first, last in ranges
        if last <= 0xFFFF and (first, last) != _SURROGATES  # noqa: PLR2004 - an escape has four digits
    )


_SPACES = "".join(chr(code) for first, last in SPACES for code in range(first, last + 1))
