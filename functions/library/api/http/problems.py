"""Turns every error, including the framework's own, into problem details (RFC 9457)."""

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Match

from shared.errors import (
    EditAIError,
    InvalidRequest,
    MalformedRequest,
    MethodNotAllowed,
    NotFound,
    RequestTimeout,
    plain_problem,
    problem_response,
)

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
MAX_LISTED = 20
MAX_LOCATION = 100

_FRAMEWORK_ERRORS: Mapping[int, type[EditAIError]] = {
    HTTPStatus.BAD_REQUEST: MalformedRequest,
    HTTPStatus.NOT_FOUND: NotFound,
    HTTPStatus.REQUEST_TIMEOUT: RequestTimeout,
}


class InvalidPart(BaseModel):
    """One invalid part of a request."""

    location: str
    message: str


class Problem(BaseModel):
    """Problem details (RFC 9457). `type` is stable; some types add members."""

    model_config = ConfigDict(extra="allow")

    type: str
    title: str
    status: int
    detail: str


def install_handlers(app: FastAPI) -> None:
    """Make an application respond to every error with problem details."""

    @app.exception_handler(EditAIError)
    async def _editai_error(_request: Request, error: Exception) -> Response:
        assert isinstance(error, EditAIError)  # noqa: S101 - what it is registered for
        return problem_response(error)

    @app.exception_handler(RequestValidationError)
    async def _validation_error(_request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)  # noqa: S101
        return problem_response(invalid_request(error.errors()))

    @app.exception_handler(HTTPException)
    async def _framework_error(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)  # noqa: S101
        if isinstance(error.__cause__, EditAIError):
            return problem_response(error.__cause__)
        if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
            return _method_not_allowed(request)
        kind = _FRAMEWORK_ERRORS.get(error.status_code)
        if kind is None:
            return plain_problem(error.status_code, error.headers)
        return problem_response(kind(headers=error.headers))


def invalid_request(errors: Iterable[Any]) -> EditAIError:
    """The error for pydantic's findings. It gives locations and reasons, but never repeats a submitted value."""
    findings = list(errors)
    if any(error["type"] == "json_invalid" for error in findings):
        return MalformedRequest("The body is not valid JSON.")
    parts = [_location_and_message(error) for error in _without_consequences(findings)[:MAX_LISTED]]
    return invalid_parts(*parts)


def _without_consequences(findings: list[Any]) -> list[Any]:
    """Drop findings that follow from others: pydantic also reports a list as too short if its only item is bad."""
    return [
        error
        for error in findings
        if not (error["type"] == "too_short" and _has_nested_error(error, findings))
    ]


def _has_nested_error(error: Any, others: list[Any]) -> bool:
    loc = error["loc"]
    return any(len(other["loc"]) > len(loc) and other["loc"][: len(loc)] == loc for other in others)


def invalid_parts(*parts: tuple[str, str]) -> InvalidRequest:
    """An InvalidRequest from pairs of a location (`body.seed`, `query.limit`) and a message."""
    detail = "; ".join(f"{location}: {message.rstrip('.')}" for location, message in parts)
    listed = [{"location": location, "message": message} for location, message in parts]
    return InvalidRequest(f"{detail}.", errors=listed)


def _location_and_message(error: Mapping[str, Any]) -> tuple[str, str]:
    location = ".".join(str(step) for step in error["loc"])[:MAX_LOCATION]
    return location, str(error["msg"]).removeprefix("Value error, ")


def _method_not_allowed(request: Request) -> Response:
    """A 405, or the response to OPTIONS. `Allow` lists the methods of all routes on the path."""
    allow = ", ".join(_allowed_methods(request))
    if request.method == "OPTIONS":
        return Response(status_code=HTTPStatus.NO_CONTENT, headers={"Allow": allow})
    return problem_response(MethodNotAllowed(headers={"Allow": allow}))


def _allowed_methods(request: Request) -> list[str]:
    scopes = {method: dict(request.scope) | {"method": method} for method in METHODS}
    methods = [
        method
        for method, scope in scopes.items()
        if any(route.matches(scope)[0] == Match.FULL for route in request.app.routes)
    ]
    return [*methods, *(["HEAD"] if "GET" in methods else []), "OPTIONS"]
