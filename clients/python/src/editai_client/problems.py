"""The library's error responses as exceptions, by the type and the status of their problem details (RFC 9457)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any
from uuid import UUID

import httpx
from pydantic import TypeAdapter

from editai_client.models import Progress

_Members = TypeAdapter(dict[str, Any])


class LibraryError(Exception):
    """The library sent an error response.

    `status` is the HTTP status, `problem` the members of the problem details, `retry_after` the
    seconds to wait before a retry, or None without a Retry-After header.
    """

    def __init__(self, response: httpx.Response) -> None:
        self.status = response.status_code
        self.problem: dict[str, Any] = _json(response)
        self.retry_after = retry_after(response)
        super().__init__(self.problem.get("detail") or f"HTTP {self.status}")

    @property
    def type(self) -> str:
        """The stable identifier of the kind of problem, meant for programs."""
        return self.problem.get("type", "about:blank")


@dataclass(frozen=True, kw_only=True)
class HoldingJob:
    """The job that holds a project."""

    id: UUID
    kind: str


class ProjectBusy(LibraryError):
    """409: a job holds the project."""

    @property
    def job(self) -> HoldingJob | None:
        """The job; None if the holder is not a job."""
        job = self.problem["job"]
        return job and HoldingJob(id=UUID(job["id"]), kind=job["kind"])

    @property
    def lease_expires_at(self) -> datetime | None:
        """When the project's lease expires, unless it is renewed."""
        time = self.problem["lease_expires_at"]
        return time and datetime.fromisoformat(time)


class TooManyJobs(LibraryError):
    """429: the user already has the maximum of active jobs."""

    @property
    def max_active_jobs(self) -> int:
        """The maximum."""
        return self.problem["max_active_jobs"]


class LimitReached(LibraryError):
    """429: a limit other than that of active jobs, such as job starts a minute."""

    @property
    def limit(self) -> str:
        """Which limit, for programs."""
        return self.problem["limit"]

    @property
    def maximum(self) -> int:
        """The maximum."""
        return self.problem["maximum"]


class UnusableVideo(LibraryError):
    """422: the file cannot be used."""

    @property
    def reason(self) -> str:
        """Why, for programs."""
        return self.problem["reason"]


class InvalidRequest(LibraryError):
    """422: the request does not match its schema."""

    @property
    def errors(self) -> list[dict[str, str]]:
        """Everything that is wrong with it, as `location` and `message`."""
        return self.problem["errors"]


class Unauthenticated(LibraryError):
    """401: the token is missing, invalid or has expired."""


class Forbidden(LibraryError):
    """403: the token does not allow the request."""


class NotFound(LibraryError):
    """404: there is no such resource, or it belongs to another user."""


class PayloadTooLarge(LibraryError):
    """413: the request or the file is over a size limit."""


class Unavailable(LibraryError):
    """503: the service is temporarily unavailable, and was so at each retry."""


_BY_TYPE: Mapping[str, type[LibraryError]] = {
    "urn:editai:problem:project-busy": ProjectBusy,
    "urn:editai:problem:too-many-jobs": TooManyJobs,
    "urn:editai:problem:limit-reached": LimitReached,
    "urn:editai:problem:unusable-video": UnusableVideo,
    "urn:editai:problem:invalid-request": InvalidRequest,
}
_BY_STATUS: Mapping[int, type[LibraryError]] = {
    HTTPStatus.UNAUTHORIZED: Unauthenticated,
    HTTPStatus.FORBIDDEN: Forbidden,
    HTTPStatus.NOT_FOUND: NotFound,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: PayloadTooLarge,
    HTTPStatus.SERVICE_UNAVAILABLE: Unavailable,
}


def problem_of(response: httpx.Response) -> LibraryError:
    """The exception for an error response whose body has been read."""
    kind = _BY_TYPE.get(_json(response).get("type", ""))
    return (kind or _BY_STATUS.get(response.status_code, LibraryError))(response)


def retry_after(response: httpx.Response) -> float | None:
    """The seconds of a Retry-After header, also when it is a date; None without one."""
    value = response.headers.get("Retry-After", "")
    if value.isdecimal():
        return float(value)
    try:
        return max(0.0, (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return None


def _json(response: httpx.Response) -> dict[str, Any]:
    try:
        return _Members.validate_json(response.content)
    except ValueError:
        return {}


class JobNotCompleted(Exception):
    """A job has ended without a result. `progress.job` has its status, and its error if it failed."""

    def __init__(self, progress: Progress | None) -> None:
        self.progress = progress
        job = progress.job if progress else None
        detail = job.error.get("detail") if job and job.error else None
        super().__init__(detail or f"The job is {job.status if job else 'gone'}.")
