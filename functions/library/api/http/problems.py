"""Every error is answered as problem details (RFC 9457), also those of the framework."""

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
    PayloadTooLarge,
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
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: PayloadTooLarge,
}


class InvalidPart(BaseModel):
    """One thing that does not fit."""

    location: str
    message: str


class Problem(BaseModel):
    """Problem details (RFC 9457). `type` is stable; some types add members of their own."""

    model_config = ConfigDict(extra="allow")

    type: str
    title: str
    status: int
    detail: str


def install_handlers(app: FastAPI) -> None:
    """Answer all errors of an application as problem details."""

    @app.exception_handler(EditAIError)
    async def _of_ours(_request: Request, error: Exception) -> Response:
        assert isinstance(error, EditAIError)  # noqa: S101 - what it is registered for
        return problem_response(error)

    @app.exception_handler(RequestValidationError)
    async def _of_validation(_request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)  # noqa: S101
        return problem_response(invalid_request(error.errors()))

    @app.exception_handler(HTTPException)
    async def _of_the_framework(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)  # noqa: S101
        if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
            return _other_method(request)
        kind = _FRAMEWORK_ERRORS.get(error.status_code)
        if kind is None:
            return plain_problem(error.status_code, error.headers)
        explained = error.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        return problem_response(kind(error.detail if explained else None, headers=error.headers))


def invalid_request(errors: Iterable[Any]) -> EditAIError:
    """The error for what pydantic found; it names places and reasons, and never repeats a value."""
    found = list(errors)
    if any(error["type"] == "json_invalid" for error in found):
        return MalformedRequest("The body is not valid JSON.")
    parts = [_part(error) for error in _own(found)[:MAX_LISTED]]
    return invalid_parts(*parts)


def _own(found: list[Any]) -> list[Any]:
    """Without what only follows from the rest: a list whose one item does not fit counts as empty, too."""
    return [
        error for error in found if not (error["type"] == "too_short" and _is_above(error, found))
    ]


def _is_above(error: Any, others: list[Any]) -> bool:
    loc = error["loc"]
    return any(len(other["loc"]) > len(loc) and other["loc"][: len(loc)] == loc for other in others)


def invalid_parts(*parts: tuple[str, str]) -> InvalidRequest:
    """An InvalidRequest for places (`body.seed`, `query.limit`) and what is wrong with each."""
    detail = "; ".join(f"{location}: {message}" for location, message in parts)
    listed = [{"location": location, "message": message} for location, message in parts]
    return InvalidRequest(f"{detail.rstrip('.')}.", errors=listed)


def _part(error: Mapping[str, Any]) -> tuple[str, str]:
    location = ".".join(str(step) for step in error["loc"])[:MAX_LOCATION]
    return location, str(error["msg"]).removeprefix("Value error, ")


def _other_method(request: Request) -> Response:
    """405, or the answer to OPTIONS, with all methods of the path and not only those of one route."""
    allow = ", ".join(_methods(request))
    if request.method == "OPTIONS":
        return Response(status_code=HTTPStatus.NO_CONTENT, headers={"Allow": allow})
    return problem_response(MethodNotAllowed(headers={"Allow": allow}))


def _methods(request: Request) -> list[str]:
    scopes = {method: dict(request.scope) | {"method": method} for method in METHODS}
    methods = [
        method
        for method, scope in scopes.items()
        if any(route.matches(scope)[0] == Match.FULL for route in request.app.routes)
    ]
    return [*methods, *(["HEAD"] if "GET" in methods else []), "OPTIONS"]
