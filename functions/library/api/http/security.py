"""Authenticated routes: the caller is known before any of the body is read."""

from collections.abc import Callable, Coroutine
from typing import Annotated, Any, ClassVar

from fastapi import Depends, Request, Response, Security
from fastapi.routing import APIRoute
from fastapi.security import HTTPBearer
from starlette.exceptions import HTTPException
from starlette.types import Message

from shared.auth.users import Caller, get_authenticator
from shared.errors import NotFound, PayloadTooLarge, Unauthenticated, UnsupportedMediaType

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
"""Describes in OpenAPI what AuthenticatedRoute does."""


class AuthenticatedRoute(APIRoute):
    """A route that authenticates its caller, and reads a JSON body of limited size."""

    reads_json: ClassVar[bool] = True

    def get_route_handler(self) -> Handler:
        """Wrap FastAPI's handler in authentication, because FastAPI reads the body before it runs dependencies."""
        handler = super().get_route_handler()
        reads_json = self.reads_json and self.body_field is not None

        async def authenticated(request: Request) -> Response:
            request.state.caller = await caller_of(request)
            self.admit(request.state.caller)
            return await handler(bounded_body(request) if reads_json else request)

        return authenticated

    def admit(self, caller: Caller) -> None:
        """Raise what a caller is told who may not use this route; parameters are checked later. Here, all may."""


class OperatorRoute(AuthenticatedRoute):
    """A route for the service role key only. Users are told that there is no such path."""

    def admit(self, caller: Caller) -> None:
        """Raises NotFound for a user."""
        if not caller.is_service:
            raise NotFound


class UploadRoute(AuthenticatedRoute):
    """An authenticated route whose handler reads the body itself."""

    reads_json = False


async def caller_of(request: Request) -> Caller:
    """Return the caller of a request. Raises what Authenticator.authenticate raises."""
    authorizations = request.headers.getlist("authorization")
    if len(authorizations) > 1:
        # A proxy may have checked a different one than we would.
        raise Unauthenticated("Send one Authorization header.")
    return await get_authenticator().authenticate(next(iter(authorizations), None))


async def _caller(request: Request) -> Caller:
    return request.state.caller


CurrentCaller = Annotated[Caller, Depends(_caller)]


def has_body(request: Request) -> bool:
    """Return whether the request has a body (RFC 9112, 6.3)."""
    headers = request.headers
    return "transfer-encoding" in headers or headers.get("content-length", "0") != "0"


def media_type(request: Request) -> str:
    """The media type of the body, without its parameters."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def refuse_encoded(request: Request) -> None:
    """Refuse a compressed body, because we do not decompress bodies (RFC 9110, 15.5.16)."""
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise UnsupportedMediaType(
            "Send the body without a Content-Encoding.", headers={"Accept-Encoding": "identity"}
        )


def bounded_body(request: Request) -> Request:
    """The request, with a body that must be JSON of at most MAX_JSON_BYTES."""
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
            # FastAPI lets no other exception through while it reads a body.
            error = too_large(MAX_JSON_BYTES)
            raise HTTPException(error.status, error.detail) from error
        return message

    return Request(request.scope, receive)


def too_large(max_bytes: int) -> PayloadTooLarge:
    """The error for a body over a limit."""
    return PayloadTooLarge(
        f"The body is larger than the limit of {max_bytes:,} bytes.", max_bytes=max_bytes
    )
