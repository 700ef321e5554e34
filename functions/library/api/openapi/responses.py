"""The documented responses of routes."""

from collections import defaultdict
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

from api.http.security import MAX_JSON_BYTES, too_large
from api.openapi.problem_schemas import (
    BLANK_NAME,
    BLANK_TYPE,
    EXAMPLE_DETAILS,
    EXTENSIONS,
    REFERENCE,
    problem_schema,
)
from shared.errors import (
    PROBLEM_MEDIA_TYPE,
    DatabaseUnavailable,
    EditAIError,
    Forbidden,
    InvalidRequest,
    LimitReached,
    MalformedRequest,
    PayloadTooLarge,
    ProjectBusy,
    RequestTimeout,
    ServiceUnavailable,
    TooManyJobs,
    TooManyStreams,
    Unauthenticated,
    UnsupportedMediaType,
)

Responses = dict[int | str, dict[str, Any]]
Kinds = Iterable[type[EditAIError]]

BODY = (MalformedRequest, PayloadTooLarge, RequestTimeout, UnsupportedMediaType)
"""The problems of a request body."""

# The problems of every route: an unknown query parameter is refused, and anything may fail unexpectedly.
_EVERYWHERE = (InvalidRequest, EditAIError)

# The problems of every authenticated route.
_COMMON = (Unauthenticated, Forbidden, DatabaseUnavailable, ServiceUnavailable)

PREFERENCE_APPLIED = "Preference-Applied"
IDEMPOTENCY_REPLAYED = "Idempotency-Replayed"
JOB_STATUS = "Job-Status"

BINARY = {"type": "string", "format": "binary"}
"""The schema of a file. OpenAPI 3.1 needs no format, but generators of clients know a file by it."""


def header(
    name: str, description: str, kind: str = "string", *, required: bool = False
) -> dict[str, Any]:
    """A response header."""
    return {name: {"description": description, "required": required, "schema": {"type": kind}}}


_PREFERENCE_APPLIED = header(
    PREFERENCE_APPLIED, "The `wait` that was applied, if the request had one."
)
_RATE_LIMIT = header(
    "RateLimit-Policy",
    "Your limits of job starts (draft-ietf-httpapi-ratelimit-headers): `q` starts in `w` seconds, and `q` active "
    "jobs. Not with the service key.",
) | header(
    "RateLimit",
    "What remains of them: `r` starts, all again in `t` seconds. Active jobs are named when none remains.",
)
_RETRY_AFTER = header("Retry-After", "Seconds to wait before a retry.", "integer", required=True)
_HEADERS: tuple[tuple[type[EditAIError], dict[str, Any]], ...] = (
    (Unauthenticated, header("WWW-Authenticate", "`Bearer`", required=True)),
    (ProjectBusy, _RETRY_AFTER),
    (TooManyJobs, _RETRY_AFTER),
    (LimitReached, _RETRY_AFTER),
    (TooManyStreams, _RETRY_AFTER),
    (ServiceUnavailable, _RETRY_AFTER),
)


def problems(
    *errors: type[EditAIError], common: bool = True, max_body_bytes: int = MAX_JSON_BYTES
) -> Responses:
    """The problems that a route responds with, each with an example, by status."""
    by_status: dict[int, list[type[EditAIError]]] = defaultdict(list)
    for error in (*errors, *(_COMMON if common else ()), *_EVERYWHERE):
        by_status[error.status].append(error)
    return {status: _response(kinds, max_body_bytes) for status, kinds in sorted(by_status.items())}


def job_problems(*errors: type[EditAIError], max_body_bytes: int = MAX_JSON_BYTES) -> Responses:
    """The problems of a route that starts a job; a 409 or 429 may follow a wait."""
    limits = (ProjectBusy, TooManyJobs, LimitReached)
    responses = problems(*errors, *limits, max_body_bytes=max_body_bytes)
    for error in (ProjectBusy, TooManyJobs):
        responses[error.status]["headers"] |= _PREFERENCE_APPLIED | _RATE_LIMIT
    return responses


def accepted_headers() -> dict[str, Any]:
    """The headers of a 202 for a job."""
    return {
        "headers": {
            **header("Location", "The URL of the job's progress.", required=True),
            **header(
                JOB_STATUS,
                "The job's status now; `queued`, unless the response is a replay.",
                required=True,
            ),
            **header(
                IDEMPOTENCY_REPLAYED,
                "`true` if an earlier request with this `Idempotency-Key` has started the job. The body "
                "is then that of the first response.",
            ),
            **_PREFERENCE_APPLIED,
            **_RATE_LIMIT,
        }
    }


def blank_problem(
    status: HTTPStatus, description: str, headers: dict[str, Any] | None = None
) -> Responses:
    """A problem response without more meaning than its status."""
    phrase = status.phrase
    value = {"type": BLANK_TYPE, "title": phrase, "status": status.value, "detail": f"{phrase}."}
    content = {
        "schema": {"$ref": REFERENCE.format(model=BLANK_NAME)},
        "examples": {"blank": {"summary": phrase, "value": value}},
    }
    response = {"description": description, "headers": headers or {}}
    return {status.value: response | {"content": {PROBLEM_MEDIA_TYPE: content}}}


def _response(errors: list[type[EditAIError]], max_body_bytes: int) -> dict[str, Any]:
    examples = {
        error.slug: {"summary": error.title, "value": _example(error, max_body_bytes)}
        for error in errors
    }
    content = {"schema": problem_schema(errors), "examples": examples}
    return {
        "description": " ".join(f"{error.title}." for error in errors),
        "headers": _headers(errors),
        "content": {PROBLEM_MEDIA_TYPE: content},
    }


def _headers(errors: Kinds) -> dict[str, Any]:
    return {
        name: described
        for kind, headers in _HEADERS
        if any(issubclass(error, kind) for error in errors)
        for name, described in headers.items()
    }


def _example(error: type[EditAIError], max_body_bytes: int) -> dict[str, Any]:
    if error is PayloadTooLarge:
        return too_large(max_body_bytes).problem()
    extensions = EXTENSIONS.get(error.slug, {})
    members = {name: member["examples"][0] for name, member in extensions.items()}
    return error(EXAMPLE_DETAILS.get(error.slug)).problem() | members
