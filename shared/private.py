"""Private functions: called by the library and the scheduler, never by users."""

import hmac
import logging
from collections.abc import Awaitable, Callable
from functools import wraps

from starlette.requests import Request
from starlette.responses import Response

from shared.errors import (
    EditAIError,
    Forbidden,
    MethodNotAllowed,
    Unauthenticated,
    problem_response,
)
from shared.settings import get_settings

logger = logging.getLogger(__name__)

Handler = Callable[[Request], Awaitable[Response]]


def private(handler: Handler) -> Handler:
    """Let only a POST with the internal secret reach the handler, and answer its errors as problem details.

    401 without a bearer token, 403 with another one, 405 for another method.
    """

    @wraps(handler)
    async def guarded(request: Request) -> Response:
        try:
            _require_internal_secret(request)
            _require_post(request)
            return await handler(request)
        except EditAIError as error:
            return problem_response(error)
        except Exception:
            logger.exception("%s failed", handler.__name__)
            return problem_response(EditAIError())

    return guarded


def _require_post(request: Request) -> None:
    if request.method != "POST":
        raise MethodNotAllowed(headers={"Allow": "POST"})


def _require_internal_secret(request: Request) -> None:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Unauthenticated(
            "This function is called with the internal secret as its bearer token."
        )
    expected = get_settings().internal_secret.get_secret_value()
    if not hmac.compare_digest(token.encode(), expected.encode()):
        raise Forbidden("This token does not open this function.")
