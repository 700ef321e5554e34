"""What a client is shown of a project's progress, and how it names what it has seen."""

from dataclasses import dataclass
from hashlib import sha256
from typing import Self
from uuid import UUID

from shared.api_models import ProgressJob, ProgressResponse
from shared.jobs.progress import GenerationProgress

ACTIVE = ("queued", "running")

_NO_JOB = "none"
_END = "end"


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """One read of a project's progress, as the response's body."""

    body: bytes
    digest: str
    """Changes whenever the body changes."""
    job_id: UUID | None
    is_active: bool
    """Whether the job is queued or running."""

    @classmethod
    def of(cls, progress: GenerationProgress) -> Self:
        """Render progress."""
        body = _response_body(progress).model_dump_json().encode()
        return cls(
            body=body,
            digest=sha256(body).hexdigest()[:32],
            job_id=progress.job_id,
            is_active=progress.job_status in ACTIVE,
        )

    @property
    def has_ended(self) -> bool:
        """Whether this is the last state of its job."""
        return self.job_id is not None and not self.is_active

    @property
    def event_id(self) -> str:
        """The id of the event that shows this snapshot."""
        return f"{self.job_id or _NO_JOB}/{self.digest}"

    @property
    def end_event_id(self) -> str:
        """The id of the event that ends the job's stream."""
        return f"{self.job_id}/{_END}"


def job_followed_by(event_id: str | None) -> UUID | None:
    """The job that a client follows, by the id of its last event; None for no job and for any other text."""
    job_id, _, seen = (event_id or "").partition("/")
    if seen == _END:  # whatever comes next is another job
        return None
    try:
        return UUID(job_id)
    except ValueError:
        return None


def _response_body(progress: GenerationProgress) -> ProgressResponse:
    """The response body, without the lease's expiry: every renewal changes that although there is no progress."""
    facts = progress.model_dump()
    job = progress.job_id and ProgressJob.model_validate(
        {name: facts[f"job_{name}"] for name in ProgressJob.model_fields}
    )
    return ProgressResponse.model_validate(facts | {"job": job})
