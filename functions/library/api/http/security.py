"""Routes for callers with a token: who calls is settled before anything of the request is read."""

from collections.abc import Callable, Coroutine
from typing import Annotated, Any, ClassVar

from fastapi import Depends, Request, Response, Security
from fastapi.routing import APIRoute
from fastapi.security import HTTPBearer
from starlette.exceptions import HTTPException
from starlette.types import Message

from shared.auth.users import Caller, get_authenticator
from shared.errors import PayloadTooLarge, Unauthenticated, UnsupportedMediaType

Handler = Callable[[Request], Coroutine[Any, Any, Response]]

MAX_JSON_BYTES = 1_000_000

bearer = Security(
    HTTPBearer(
        auto_error=False,
        bearerFormat="JWT",
        scheme_name="accessToken",
        description="The access token of a signed-in user, or the service key of the Supabase project.",
    )
)
"""Documents what AuthenticatedRoute does."""


class AuthenticatedRoute(APIRoute):
    """A route that knows its caller, and reads a JSON body of bounded size."""

    reads_json: ClassVar[bool] = True

    def get_route_handler(self) -> Handler:
        """FastAPI's handler, behind authentication: it would read the body first."""
        handler = super().get_route_handler()
        reads_json = self.reads_json and self.body_field is not None

        async def authenticated(request: Request) -> Response:
            request.state.caller = await caller_of(request)
            return await handler(bounded_body(request) if reads_json else request)

        return authenticated


class UploadRoute(AuthenticatedRoute):
    """A route whose body is its handler's own business."""

    reads_json = False


async def caller_of(request: Request) -> Caller:
    """Who makes a request. Raises as Authenticator.authenticate does."""
    authorizations = request.headers.getlist("authorization")
    if len(authorizations) > 1:
        # A proxy may have looked at another one than we would.
        raise Unauthenticated("Send one Authorization header.")
    return await get_authenticator().authenticate(next(iter(authorizations), None))


async def _caller(request: Request) -> Caller:
    return request.state.caller


CurrentCaller = Annotated[Caller, Depends(_caller)]


def has_body(request: Request) -> bool:
    """Tell whether a body comes with the request (RFC 9112, 6.3)."""
    headers = request.headers
    return "transfer-encoding" in headers or headers.get("content-length", "0") != "0"


def media_type(request: Request) -> str:
    """The media type of the body, without its parameters."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def refuse_encoded(request: Request) -> None:
    """Refuse a compressed body, which nothing here unpacks (RFC 9110, 15.5.16)."""
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise UnsupportedMediaType(
            "Send the body without a Content-Encoding.", headers={"Accept-Encoding": "identity"}
        )


def bounded_body(request: Request) -> Request:
    """The request with a body that must be JSON and cannot grow past MAX_JSON_BYTES."""
    if not has_body(request):
        return request
    refuse_encoded(request)
    if media_type(request) != "application/json":
        raise UnsupportedMediaType("Send the body as application/json.")
    if int(request.headers.get("content-length", "0")) > MAX_JSON_BYTES:
        raise too_large(MAX_JSON_BYTES)
    received = 0

    async def receive() -> Message:
        nonlocal received
        message = await request.receive()
        received += len(message.get("body", b""))
        if received > MAX_JSON_BYTES:
            # The only exception that FastAPI lets pass while it reads a body.
            raise HTTPException(413, too_large(MAX_JSON_BYTES).detail)
        return message

    return Request(request.scope, receive)


def too_large(max_bytes: int) -> PayloadTooLarge:
    """The refusal of a body over a limit."""
    return PayloadTooLarge(
        f"The body is larger than the limit of {max_bytes:,} bytes.", max_bytes=max_bytes
    )
