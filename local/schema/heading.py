"""The comment at the top of a draft: why the change is made, and whether a person has changed what follows."""

import hashlib
import re
from dataclasses import dataclass

_WRITTEN = """\
-- Written by `make migration` from supabase/schemas, which says of each object what it is for.
-- Checksum of what follows, which shows changes by hand: {checksum}
"""
_DRAFT = re.compile(
    r"(?P<reason>(?:--.*\n)*)"
    + re.escape(_WRITTEN).replace(r"\{checksum\}", r"(?P<checksum>[0-9a-f]{16})")
    + r"(?P<body>[\s\S]*)"
)


@dataclass(frozen=True, kw_only=True)
class Heading:
    """What a draft says of itself."""

    reason: str
    """Comment lines, each with its end. A later run keeps them."""

    changed_by_hand: bool
    """Whether a person has changed anything except the reason."""

    @classmethod
    def of(cls, draft: str) -> "Heading":
        """Reads a draft; one without the tool's lines is a person's."""
        found = _DRAFT.fullmatch(draft)
        if not found:
            return cls(reason="", changed_by_hand=True)
        changed = found["checksum"] != _checksum(found["body"])
        return cls(reason=found["reason"], changed_by_hand=changed)

    @classmethod
    def new(cls, name: str) -> "Heading":
        """The heading of a first draft: its name, until a person writes the reason."""
        title = name.replace("_", " ").capitalize()
        return cls(reason=f"-- {title}.\n", changed_by_hand=False)

    def above(self, body: str) -> str:
        """The text of a draft."""
        return self.reason + _WRITTEN.format(checksum=_checksum(body)) + body


def _checksum(body: str) -> str:
    return hashlib.sha256(body.encode()).hexdigest()[:16]
