"""How a recipe ends: with the values of the write that ends its job, or with a failure that the user can read."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """`result` is shown with the job. `export` is the row of a final render, written in the same transaction."""

    result: dict[str, Any]
    export: dict[str, Any] | None = None


class JobFailed(Exception):
    """The job cannot succeed, in this attempt or another: it ends as failed, with this code and detail.

    Any other exception abandons the attempt, and the job runs again while it has attempts left.
    """

    def __init__(self, code: str, detail: str) -> None:
        self.code, self.detail = code, detail
        super().__init__(detail)
