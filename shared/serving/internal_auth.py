"""Authentication of internal functions, which the library, the queue and the scheduler call, and users never do.

A caller presents the internal secret. Where an audience is configured, it must present a Google ID token instead.
"""

import hmac
import logging
import time
from collections.abc import Awaitable, Callable
from functools import wraps

from starlette.requests import Request
from starlette.responses import Response

from shared.auth.google_id_tokens import get_id_token_verifier
from shared.auth.users import bearer_token
from shared.errors import (
    EditAIError,
    Forbidden,
    MethodNotAllowed,
    problem_response,
)
from shared.observability.logs import log_fields
from shared.observability.request_log import log_request, note_response, request_span
from shared.settings import get_settings, secret_of

logger = logging.getLogger(__name__)

Handler = Callable[[Request], Awaitable[Response]]


def internal_only(handler: Handler) -> Handler:
    """Let only authenticated POST requests reach the handler; turn its errors into problem details.

    Responds 401 without a valid bearer token, 403 for another caller's token, 405 for another method. Fields that the
    handler sets in `request.state.log_fields` are added to the request's log line.
    """

    @wraps(handler)
    async def guarded(request: Request) -> Response:
        started_at = time.monotonic()
        with request_span(request.headers) as measured:
            response = await respond(request)
            with log_fields(**getattr(request.state, "log_fields", {})):
                log_request(request.method, handler.__name__, response.status_code, started_at)
            note_response(measured, request.method, handler.__name__, response.status_code)
        return response

    async def respond(request: Request) -> Response:
        try:
            await _authenticate(bearer_token(request.headers.get("authorization")))
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


async def _authenticate(token: str) -> None:
    verifier = get_id_token_verifier()
    if verifier is not None:
        await verifier.verify(token)
        return
    expected = secret_of(get_settings())
    if not hmac.compare_digest(token.encode(), expected.encode()):
        raise Forbidden("This token cannot call this function.")
