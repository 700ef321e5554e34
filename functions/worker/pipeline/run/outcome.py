"""What a recipe hands back for the write that ends its job."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """`result` is shown with the job; `export` is the row of a final render, recorded in the same transaction."""

    result: dict[str, Any]
    export: dict[str, Any] | None = None
