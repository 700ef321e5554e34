"""Numbers and truth values of JSON, taken as JSON Schema takes them.

A text or a truth value is no number, however much it looks like one; a whole number may be written `3.0`.
Source: JSON Schema Validation 2020-12, 6.1.1.
"""

import json
import re
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_MAX_LENGTH = 40

MAX_SEED = 2**31 - 1


def whole(value: Any) -> Any:
    """An integer for a number without a fraction; any other value as it is."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def number_in(text: Any) -> Any:
    """The number that a text is in JSON; any other value as it is, for validation to refuse."""
    if not isinstance(text, str) or len(text) > _MAX_LENGTH or not _NUMBER.fullmatch(text):
        return text
    return json.loads(text)


Integer = Annotated[int, Field(strict=True), BeforeValidator(whole)]
Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Seed = Annotated[int, Field(strict=True, ge=0, le=MAX_SEED), BeforeValidator(whole)]
Flag = Annotated[bool, Field(strict=True)]
