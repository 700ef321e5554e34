"""Errors of Supabase Auth, with its codes and sentences (supabase/auth, internal/api/errors.go and apierrors)."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

_VERSION_HEADER = "x-supabase-api-version"
_CODES_SINCE = "2024-01-01"


class AuthError(Exception):
    """The request is refused with this status, code and message."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message

    def response(self, request: Request) -> Response:
        """The body depends on the version of the API for which the client asks."""
        if request.headers.get(_VERSION_HEADER, "") >= _CODES_SINCE:
            content = {"code": self.code, "message": self.message}
            return JSONResponse(content, self.status, {_VERSION_HEADER: _CODES_SINCE})
        content = {"code": self.status, "error_code": self.code, "msg": self.message}
        return JSONResponse(content, self.status)


def bad_jwt(reason: str) -> AuthError:
    """The access token is none of this project, or has expired."""
    message = f"invalid JWT: unable to parse or verify signature, {reason}"
    return AuthError(403, "bad_jwt", message)


def validation_failed(message: str) -> AuthError:
    """A member of the body is missing or wrong."""
    return AuthError(400, "validation_failed", message)


def not_here(what: str) -> AuthError:
    """Something of Supabase Auth that the local stack does not have."""
    # Not a 5xx status: supabase-js takes that for an outage, and repeats the call.
    message = (
        f"The local stack has no {what}. It signs in users with a password: the development user that `make up`"
        " prints, and users that auth.admin.createUser made."
    )
    return AuthError(404, "not_found", message)


NO_BEARER = AuthError(401, "no_authorization", "This endpoint requires a valid Bearer token")
NOT_ADMIN = AuthError(403, "not_admin", "User not allowed")
BAD_JSON = AuthError(400, "bad_json", "Could not parse request body as JSON")
WRONG_CREDENTIALS = AuthError(400, "invalid_credentials", "Invalid login credentials")
UNKNOWN_GRANT = AuthError(400, "invalid_credentials", "unsupported_grant_type")
NO_SUCH_REFRESH_TOKEN = AuthError(
    400, "refresh_token_not_found", "Invalid Refresh Token: Refresh Token Not Found"
)
USED_REFRESH_TOKEN = AuthError(
    400, "refresh_token_already_used", "Invalid Refresh Token: Already Used"
)
NO_SESSION = AuthError(
    403, "session_not_found", "Session from session_id claim in JWT does not exist"
)
EMAIL_EXISTS = AuthError(
    422, "email_exists", "A user with this email address has already been registered"
)
NO_SIGN_UP = AuthError(
    422,
    "signup_disabled",
    "Signups not allowed for this instance: the local stack sends no e-mail. Sign in as the user that `make up` names.",
)
