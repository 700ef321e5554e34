"""All routes of /auth/v1."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from psycopg.rows import DictRow
from pydantic import TypeAdapter, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from local.supabase_api.auth import errors
from local.supabase_api.auth.accounts import Accounts, Session
from local.supabase_api.auth.errors import AuthError
from local.supabase_api.auth.tokens import (
    LIFETIME_SECONDS,
    access_token,
    bearer_claims,
    session_of,
)

_OBJECT = TypeAdapter(dict[str, Any])
Handler = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, kw_only=True)
class Auth:
    """Supabase Auth for one project: its accounts, and the secret and issuer of its tokens."""

    accounts: Accounts
    jwt_secret: str
    jwt_issuer: str

    def routes(self) -> list[BaseRoute]:
        """What is served, and an explanation at every other path."""
        return [
            Route("/token", _answering(self._token), methods=["POST"]),
            Route("/user", _answering(self._user), methods=["GET"]),
            Route("/logout", _answering(self._logout), methods=["POST"]),
            Route("/admin/users", _answering(self._create_user), methods=["POST"]),
            Route("/signup", _answering(_sign_up), methods=["POST"]),
            Route("/settings", _settings),
            Route("/.well-known/jwks.json", _keys),
            Route("/{path:path}", _answering(_not_here), methods=["GET", "POST", "PUT", "DELETE"]),
        ]

    async def _token(self, request: Request) -> Response:
        body = await _body(request)
        match request.query_params.get("grant_type"):
            case "password":
                session = await self._signed_in(body)
            case "refresh_token":
                session = await self.accounts.refresh(_text(body, "refresh_token"))
            case _:
                raise errors.UNKNOWN_GRANT
        return JSONResponse(self._session(session))

    async def _signed_in(self, body: dict[str, Any]) -> Session:
        if not body.get("email"):
            raise errors.validation_failed("missing email or phone")
        return await self.accounts.sign_in(_text(body, "email"), _text(body, "password"))

    async def _user(self, request: Request) -> Response:
        user = await self.accounts.user(*session_of(self._claims(request)))
        return JSONResponse(_shown(user))

    async def _logout(self, request: Request) -> Response:
        user_id, session_id = session_of(self._claims(request))
        await self.accounts.user(user_id, session_id)
        scope = request.query_params.get("scope", "global")
        await self.accounts.sign_out(user_id, session_id, scope)
        return Response(status_code=204)

    async def _create_user(self, request: Request) -> Response:
        if self._claims(request).get("role") != "service_role":
            raise errors.NOT_ADMIN
        body = await _body(request)
        email, password = _text(body, "email"), _text(body, "password")
        metadata = body.get("user_metadata")
        return JSONResponse(
            _shown(await self.accounts.create_user(email, password, metadata or {}))
        )

    def _claims(self, request: Request) -> dict[str, Any]:
        return bearer_claims(request.headers.get("authorization"), secret=self.jwt_secret)

    def _session(self, session: Session) -> dict[str, Any]:
        user = _shown(session.user)
        token = access_token(
            user["id"],
            secret=self.jwt_secret,
            issuer=self.jwt_issuer,
            email=user["email"],
            phone="",
            app_metadata=user["app_metadata"],
            user_metadata=user["user_metadata"],
            session_id=str(session.id),
            aal="aal1",
            amr=[{"method": "password", "timestamp": int(time.time())}],
            is_anonymous=False,
        )
        return {
            "access_token": token,
            "token_type": "bearer",
            "expires_in": LIFETIME_SECONDS,
            "expires_at": int(time.time()) + LIFETIME_SECONDS,
            "refresh_token": session.refresh_token,
            "user": user,
        }


async def _sign_up(_request: Request) -> Response:
    raise errors.NO_SIGN_UP


async def _not_here(request: Request) -> Response:
    raise errors.not_here(f"/auth/v1/{request.path_params['path'][:100]}")


async def _settings(_request: Request) -> Response:
    return JSONResponse({"external": {"email": True}, "disable_signup": True})


async def _keys(_request: Request) -> Response:
    """No public keys: tokens are signed with the project's shared secret."""
    return JSONResponse({"keys": []})


def _shown(user: DictRow) -> dict[str, Any]:
    """A user as Auth describes one: times in ISO 8601, nothing of the password."""
    times = {
        name: time and time.isoformat()
        for name in ("created_at", "updated_at", "last_sign_in_at")
        for time in [user[name]]
    }
    return {
        "id": str(user["id"]),
        "aud": "authenticated",
        "role": "authenticated",
        "email": user["email"],
        "phone": "",
        "email_confirmed_at": times["created_at"],
        "confirmed_at": times["created_at"],
        "app_metadata": {"provider": "email", "providers": ["email"]},
        "user_metadata": user["raw_user_meta_data"],
        "identities": [],
        "is_anonymous": False,
        **times,
    }


async def _body(request: Request) -> dict[str, Any]:
    try:
        return _OBJECT.validate_json(await request.body())
    except ValidationError:
        raise errors.BAD_JSON from None


def _text(body: dict[str, Any], name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not value or "\0" in value:
        raise errors.validation_failed(f"{name} is required")
    return value


def _answering(handler: Handler) -> Handler:
    async def answer(request: Request) -> Response:
        try:
            return await handler(request)
        except AuthError as error:
            return error.response(request)

    return answer
