"""The answers of a route, for its documentation."""

from collections import defaultdict
from typing import Any

from shared.errors import (
    PROBLEM_MEDIA_TYPE,
    DatabaseUnavailable,
    EditAIError,
    Forbidden,
    InvalidRequest,
    PayloadTooLarge,
    ServiceUnavailable,
    Unauthenticated,
)

Responses = dict[int | str, dict[str, Any]]

PROBLEM_SCHEMA = {"$ref": "#/components/schemas/Problem"}

_RETRY_AFTER = {
    "description": "Seconds after which to try again.",
    "schema": {"type": "integer", "minimum": 0},
}
_HEADERS: dict[int, dict[str, Any]] = {
    401: {"WWW-Authenticate": {"description": "`Bearer`", "schema": {"type": "string"}}},
    409: {"Retry-After": _RETRY_AFTER},
    503: {"Retry-After": _RETRY_AFTER},
}

# What any authenticated call may be answered with.
_COMMON = (Unauthenticated, Forbidden, InvalidRequest, DatabaseUnavailable, ServiceUnavailable)


def problems(*errors: type[EditAIError], common: bool = True) -> Responses:
    """The problems that a route answers with, each with an example, by status."""
    by_status: dict[int, list[type[EditAIError]]] = defaultdict(list)
    for error in (*errors, *(_COMMON if common else ())):
        by_status[error.status].append(error)
    return {status: _response(status, kinds) for status, kinds in sorted(by_status.items())}


def header(name: str, description: str, kind: str = "string") -> dict[str, Any]:
    """A header of an answer."""
    return {name: {"description": description, "schema": {"type": kind}}}


def accepted_headers() -> dict[str, Any]:
    """The headers of a 202 for a job."""
    return {
        "headers": {
            **header("Location", "The progress of the job."),
            **header("Preference-Applied", "The `wait` that was granted."),
        }
    }


def _response(status: int, errors: list[type[EditAIError]]) -> dict[str, Any]:
    examples = {
        error.slug: {"summary": error.title(), "value": error(_example(error)).problem()}
        for error in errors
    }
    return {
        "description": " ".join(f"{error.title()}." for error in errors),
        "headers": _HEADERS.get(status, {}),
        "content": {PROBLEM_MEDIA_TYPE: {"schema": PROBLEM_SCHEMA, "examples": examples}},
    }


def _example(error: type[EditAIError]) -> str | None:
    """A detail for errors that have none of their own."""
    examples: dict[type[EditAIError], str] = {
        InvalidRequest: "body.variant_count: Input should be less than or equal to 10.",
        PayloadTooLarge: "The body may have at most 500,000,000 bytes.",
    }
    return examples.get(error)
