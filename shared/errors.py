"""The errors of the API, and the one place that turns them into problem details.

`title` names the kind of problem. `detail` is written for the person who made the request: it says what went wrong, and
never contains a stack trace, SQL, a path or another user's data.
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
    title: ClassVar[str] = "Internal server error"
    default_detail: ClassVar[str] = "Something went wrong on the server. You can retry the request."

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
    def problem_type(cls) -> str:
        """The stable identifier of this kind of problem."""
        return f"urn:editai:problem:{cls.slug}"

    def problem(self) -> dict[str, Any]:
        """The members of this error's problem details."""
        return {
            "type": self.problem_type(),
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            **self.extensions,
        }


class MalformedRequest(EditAIError):
    """The request could not be parsed."""

    status = 400
    slug = "malformed-request"
    title = "Malformed request"
    default_detail = "The request body could not be read."


class Unauthenticated(EditAIError):
    """The request carries no valid token."""

    status = 401
    slug = "unauthenticated"
    title = "Authentication required"
    default_detail = "Send a valid access token as 'Authorization: Bearer <token>'."

    def __init__(self, detail: str | None = None) -> None:
        super().__init__(detail, headers={"WWW-Authenticate": "Bearer"})


class Forbidden(EditAIError):
    """The token does not allow this request."""

    status = 403
    slug = "forbidden"
    title = "Forbidden"
    default_detail = "This token's role cannot use this service."


class NotFound(EditAIError):
    """Nothing exists at this path."""

    status = 404
    slug = "not-found"
    title = "Not found"
    default_detail = "Nothing was found at this path."


class ProjectNotFound(NotFound):
    """The project does not exist, or belongs to another user."""

    slug = "project-not-found"
    title = "Project not found"
    default_detail = "The project was not found."


class JobNotFound(NotFound):
    """There is no such job, or it is another user's."""

    slug = "job-not-found"
    title = "Job not found"
    default_detail = "The job was not found. A job is removed some time after its end."


class ClipNotFound(NotFound):
    """The clip does not exist, or belongs to another user."""

    slug = "clip-not-found"
    title = "Clip not found"
    default_detail = "The clip was not found."


class ExportNotFound(NotFound):
    """The export does not exist, or belongs to another user."""

    slug = "export-not-found"
    title = "Export not found"
    default_detail = "The export was not found."


class SourceNotFound(NotFound):
    """The source does not exist, or belongs to another project or user."""

    slug = "source-not-found"
    title = "Source not found"
    default_detail = "The source was not found, or it belongs to another project."


class MethodNotAllowed(EditAIError):
    """The path does not support this method."""

    status = 405
    slug = "method-not-allowed"
    title = "Method not allowed"
    default_detail = "Method not allowed for this path."


class RequestTimeout(EditAIError):
    """The request took too long to arrive."""

    status = 408
    slug = "request-timeout"
    title = "Request timeout"
    default_detail = "The request body arrived too slowly or stopped. Send the request again."


class ProjectBusy(EditAIError):
    """The project's lease is held by a job or another holder."""

    status = 409
    slug = "project-busy"
    title = "Project busy"
    default_detail = "Project is currently being processed. Try again later."


class ProjectExists(EditAIError):
    """A project with this id already exists."""

    status = 409
    slug = "project-exists"
    title = "Project already exists"
    default_detail = "A project with this id already exists."


class PayloadTooLarge(EditAIError):
    """The request body is over a limit."""

    status = 413
    slug = "payload-too-large"
    title = "Payload too large"


class UnsupportedMediaType(EditAIError):
    """The request's media type is not supported."""

    status = 415
    slug = "unsupported-media-type"
    title = "Unsupported media type"


class InvalidRequest(EditAIError):
    """The request does not match its schema."""

    status = 422
    slug = "invalid-request"
    title = "Invalid request"


class UnusableVideo(EditAIError):
    """The video cannot be used."""

    status = 422
    slug = "unusable-video"
    title = "Unusable video"


class SourceNotReady(EditAIError):
    """The source has not been confirmed yet."""

    status = 422
    slug = "source-not-ready"
    title = "Source not ready"
    default_detail = (
        "This source has not been confirmed. PUT its file to upload_url, then POST /sources/{id}/confirm, "
        "then send this request again."
    )


class InvalidUrl(Forbidden):
    """The signed URL is invalid or has expired."""

    slug = "invalid-url"
    title = "Invalid URL"
    default_detail = "This URL is invalid or has expired. Request a new one."


class IdempotencyKeyReused(EditAIError):
    """The idempotency key was used with a different request."""

    status = 422
    slug = "idempotency-key-reused"
    title = "Idempotency key reused"
    default_detail = "This Idempotency-Key was already used with a different request. Use a new key for a new request."


class TooManyJobs(EditAIError):
    """The user has reached the limit of active jobs."""

    status = 429
    slug = "too-many-jobs"
    title = "Too many active jobs"


class WebhookNotFound(NotFound):
    """The webhook does not exist, or belongs to another user."""

    slug = "webhook-not-found"
    title = "Webhook not found"
    default_detail = "The webhook was not found."


class DeliveryNotFound(NotFound):
    """The webhook has no such delivery, or belongs to another user."""

    slug = "delivery-not-found"
    title = "Delivery not found"
    default_detail = "The delivery was not found."


class WebhookExists(EditAIError):
    """The user already has a webhook without a URL."""

    status = 409
    slug = "webhook-exists"
    title = "Webhook already exists"
    default_detail = "You already have a webhook without a URL. Rotate its secret to get a new one."


class TooManyWebhooks(EditAIError):
    """The user has reached the limit of webhooks."""

    status = 409
    slug = "too-many-webhooks"
    title = "Too many webhooks"
    default_detail = "You already have 20 webhooks, the maximum. Delete one."


class LimitReached(EditAIError):
    """The user has reached a limit other than that of active jobs; `limit` says which."""

    status = 429
    slug = "limit-reached"
    title = "Limit reached"


class TooManyStreams(EditAIError):
    """The user has reached the limit of open event streams in one process."""

    status = 429
    slug = "too-many-streams"
    title = "Too many event streams"
    default_detail = "You already have 20 open event streams here, the maximum. Close one, or poll."

    def __init__(self, detail: str | None = None) -> None:
        super().__init__(detail, headers={"Retry-After": "5"})


class ServiceUnavailable(EditAIError):
    """A dependency is temporarily unavailable."""

    status = 503
    slug = "service-unavailable"
    title = "Service unavailable"
    default_detail = "The service is temporarily unavailable. Try again later."
    retry_after_seconds: ClassVar[int] = 5

    def __init__(self, detail: str | None = None) -> None:
        super().__init__(detail, headers={"Retry-After": str(self.retry_after_seconds)})


class DatabaseUnavailable(ServiceUnavailable):
    """The database did not respond, or cancelled the statement."""

    slug = "database-unavailable"
    title = "Database unavailable"
    default_detail = "The database is temporarily unavailable. Try again later."

    def __init__(self, code: str = "") -> None:
        """`code` is that of a refused call, if there was a response; it is not shown to clients."""
        super().__init__()
        self.code = code


class StorageUnavailable(ServiceUnavailable):
    """Storage did not respond, or refused the request."""

    slug = "storage-unavailable"
    title = "Storage unavailable"
    default_detail = "Storage is temporarily unavailable. Try again later."


class LeaseLost(Exception):
    """The caller no longer holds the lease: it expired, another holder took it over, or its job was cancelled."""

    def __init__(self, project_id: str, *, cancelled: bool = False) -> None:
        self.project_id = project_id
        self.cancelled = cancelled
        super().__init__(f"the lease of {project_id} was {'cancelled' if cancelled else 'lost'}")


def problem_response(error: EditAIError) -> JSONResponse:
    """The HTTP response for an error."""
    return JSONResponse(
        error.problem(),
        status_code=error.status,
        headers=error.headers,
        media_type=PROBLEM_MEDIA_TYPE,
    )


def plain_problem(status: int, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """Problem details with no more meaning than the status (RFC 9457, 4.2.1)."""
    phrase = HTTPStatus(status).phrase
    content = {"type": "about:blank", "title": phrase, "status": status, "detail": f"{phrase}."}
    return JSONResponse(content, status_code=status, headers=headers, media_type=PROBLEM_MEDIA_TYPE)
