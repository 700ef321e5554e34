"""What a recipe returns: the values of the write that ends its job."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """`result` is shown with the job. `export` is the row of a final render, written in the same transaction."""

    result: dict[str, Any]
    export: dict[str, Any] | None = None
