"""One family of errors, and the one place that turns them into problem details.

An error's docstring is its title. `detail` is written for the person who made the request: it names what was wrong with
it, and never a stack trace, SQL, a path or someone else's data.
Source: RFC 9457, Problem Details for HTTP APIs.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, ClassVar

from starlette.responses import JSONResponse

PROBLEM_MEDIA_TYPE = "application/problem+json"


class EditAIError(Exception):
    """Internal server error."""

    status: ClassVar[int] = 500
    slug: ClassVar[str] = "internal-error"
    default_detail: ClassVar[str] = (
        "Something went wrong on our side. The request may be sent again."
    )

    def __init__(
        self,
        detail: str | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        **extensions: Any,
    ) -> None:
        self.detail = detail or self.default_detail
        self.headers = dict(headers or {})
        self.extensions = extensions
        super().__init__(self.detail)

    @classmethod
    def title(cls) -> str:
        """The docstring's first line without its full stop."""
        return (cls.__doc__ or "").strip().splitlines()[0].rstrip(".")

    @classmethod
    def problem_type(cls) -> str:
        """The stable identifier of this kind of problem."""
        return f"urn:editai:problem:{cls.slug}"

    def problem(self) -> dict[str, Any]:
        """The members of this error's problem details."""
        return {
            "type": self.problem_type(),
            "title": self.title(),
            "status": self.status,
            "detail": self.detail,
            **self.extensions,
        }


class MalformedRequest(EditAIError):
    """The request could not be read."""

    status = 400
    slug = "malformed-request"
    default_detail = "The request's body could not be read."


class Unauthenticated(EditAIError):
    """The request carries no valid token."""

    status = 401
    slug = "unauthenticated"
    default_detail = "Send a valid access token as 'Authorization: Bearer <token>'."

    def __init__(self, detail: str | None = None) -> None:
        super().__init__(detail, headers={"WWW-Authenticate": "Bearer"})


class Forbidden(EditAIError):
    """The token does not allow this request."""

    status = 403
    slug = "forbidden"
    default_detail = "The token's role may not use this service."


class NotFound(EditAIError):
    """There is nothing here."""

    status = 404
    slug = "not-found"
    default_detail = "There is nothing at this path."


class ProjectNotFound(NotFound):
    """There is no such project."""

    slug = "project-not-found"
    default_detail = "There is no such project."


class ClipNotFound(NotFound):
    """There is no such clip."""

    slug = "clip-not-found"
    default_detail = "There is no such clip."


class SourceNotFound(NotFound):
    """There is no such source."""

    slug = "source-not-found"
    default_detail = "There is no such source in this project."


class MethodNotAllowed(EditAIError):
    """The path does not know this method."""

    status = 405
    slug = "method-not-allowed"
    default_detail = "This path does not know this method."


class RequestTimeout(EditAIError):
    """The request took too long to arrive."""

    status = 408
    slug = "request-timeout"
    default_detail = "The request's body came too slowly, or stopped coming. Send it again."


class ProjectBusy(EditAIError):
    """The project is being processed."""

    status = 409
    slug = "project-busy"
    default_detail = "Project is currently being processed. Try again later."


class ProjectExists(EditAIError):
    """The project id is taken."""

    status = 409
    slug = "project-exists"
    default_detail = "There is a project with this id already."


class PayloadTooLarge(EditAIError):
    """The request's body is too large."""

    status = 413
    slug = "payload-too-large"


class UnsupportedMediaType(EditAIError):
    """The request's media type is not supported."""

    status = 415
    slug = "unsupported-media-type"


class InvalidRequest(EditAIError):
    """The request does not fit its description."""

    status = 422
    slug = "invalid-request"


class UnusableVideo(EditAIError):
    """The video cannot be used."""

    status = 422
    slug = "unusable-video"


class SourceNotReady(EditAIError):
    """The source is not ready."""

    status = 422
    slug = "source-not-ready"
    default_detail = (
        "This source has not been confirmed. PUT its file to the upload_url, then POST /sources/{id}/confirm, "
        "and send this request again."
    )


class InvalidUrl(Forbidden):
    """The URL does not open this file."""

    slug = "invalid-url"
    default_detail = "This URL is not valid. Ask for a new URL."


class IdempotencyKeyReused(EditAIError):
    """The idempotency key belongs to another request."""

    status = 422
    slug = "idempotency-key-reused"
    default_detail = "This Idempotency-Key was sent before with another request. Choose a new key for a new request."


class TooManyJobs(EditAIError):
    """The user has too many active jobs."""

    status = 429
    slug = "too-many-jobs"


class ServiceUnavailable(EditAIError):
    """The service is not available for a moment."""

    status = 503
    slug = "service-unavailable"
    default_detail = "The service is not available for a moment. Try again later."
    retry_after_seconds: ClassVar[int] = 5

    def __init__(self, detail: str | None = None) -> None:
        super().__init__(detail, headers={"Retry-After": str(self.retry_after_seconds)})


class DatabaseUnavailable(ServiceUnavailable):
    """The database is not available for a moment."""

    slug = "database-unavailable"
    default_detail = "The database is not available for a moment. Try again later."


class StorageUnavailable(ServiceUnavailable):
    """Storage is not available for a moment."""

    slug = "storage-unavailable"
    default_detail = "Storage is not available for a moment. Try again later."


class LeaseLost(Exception):
    """The lease is not the caller's any more: it expired, someone else has it, or its job was cancelled."""

    def __init__(self, project_id: str, *, cancelled: bool = False) -> None:
        self.project_id = project_id
        self.cancelled = cancelled
        super().__init__(f"the lease of {project_id} was {'cancelled' if cancelled else 'lost'}")


def problem_response(error: EditAIError) -> JSONResponse:
    """The HTTP answer that an error is."""
    return JSONResponse(
        error.problem(),
        status_code=error.status,
        headers=error.headers,
        media_type=PROBLEM_MEDIA_TYPE,
    )


def plain_problem(status: int, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """Problem details that say no more than the status does (RFC 9457, 4.2.1)."""
    phrase = HTTPStatus(status).phrase
    content = {"type": "about:blank", "title": phrase, "status": status, "detail": f"{phrase}."}
    return JSONResponse(content, status_code=status, headers=headers, media_type=PROBLEM_MEDIA_TYPE)
