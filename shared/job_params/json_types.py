"""Numbers and booleans with the rules of JSON Schema.

A string or a boolean is never accepted as a number, but an integer may be written as `3.0`.
Source: JSON Schema Validation 2020-12, 6.1.1.
"""

import json
import re
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_MAX_LENGTH = 40

MAX_SEED = 2**31 - 1


def to_integer(value: Any) -> Any:
    """Convert a float without a fraction to an integer; return any other value unchanged."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def parse_number(text: Any) -> Any:
    """Parse a string that is a JSON number; return any other value unchanged, so that validation refuses it."""
    if not isinstance(text, str) or len(text) > _MAX_LENGTH or not _NUMBER.fullmatch(text):
        return text
    return json.loads(text)


Integer = Annotated[int, Field(strict=True), BeforeValidator(to_integer)]
Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Seed = Annotated[int, Field(strict=True, ge=0, le=MAX_SEED), BeforeValidator(to_integer)]
Flag = Annotated[bool, Field(strict=True)]
