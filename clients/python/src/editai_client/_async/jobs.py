"""Jobs: start, follow, wait, cancel, list."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

from editai_client._async.calls import Calls, given, start_headers
from editai_client._async.following import Follower
from editai_client.models import Cancellation, Job, JobAccepted, Page, Progress, Source
from editai_client.problems import JobNotCompleted


class JobCalls(Calls):
    """Jobs.

    Every start raises ProjectBusy or TooManyJobs if after `wait_seconds` the project is still busy, or the user still
    has too many active jobs. A repeat with the same `idempotency_key` starts no second job; by default each call has
    a key of its own.
    """

    async def generate(
        self,
        project_id: str,
        video: Path | Source | UUID,
        *,
        wait_seconds: int = 0,
        idempotency_key: str | None = None,
        **options: Any,
    ) -> JobAccepted:
        """Start making raw clips; the options are those of the API.

        `video` is a source, its id, or a file. A file is sent with the request; upload a large one before.
        """
        path = f"/projects/{project_id}/generate"
        headers = start_headers(wait_seconds, idempotency_key)
        if not isinstance(video, Path):
            source_id = str(video.id if isinstance(video, Source) else video)
            body = {"source_id": source_id, **options}
            return await self._http.read(JobAccepted, "POST", path, json=body, headers=headers)
        fields = {name: str(value) for name, value in options.items()}
        with video.open("rb") as file:
            files = {"video": (video.name, file, "application/octet-stream")}
            return await self._http.read(
                JobAccepted, "POST", path, data=fields, files=files, headers=headers
            )

    async def generate_from_segments(
        self,
        project_id: str,
        segments: Sequence[Mapping[str, Any]],
        *,
        wait_seconds: int = 0,
        idempotency_key: str | None = None,
        **options: Any,
    ) -> JobAccepted:
        """Start making clips from segments `{"source_id", "start", "end"}`; the options are those of the API.

        A segment's "audio_track" chooses the sound track that is heard, by its number in the source's `audio_tracks`.
        """
        return await self._http.read(
            JobAccepted,
            "POST",
            f"/projects/{project_id}/generate-from-segments",
            json={"segments": list(segments), **options},
            headers=start_headers(wait_seconds, idempotency_key),
        )

    async def render(
        self,
        clip_id: UUID,
        preset: str,
        *,
        wait_seconds: int = 0,
        idempotency_key: str | None = None,
        **options: Any,
    ) -> JobAccepted:
        """Start rendering a clip for an export preset; the options are those of the API."""
        return await self._http.read(
            JobAccepted,
            "POST",
            f"/clips/{clip_id}/render",
            json={"preset": preset, **options},
            headers=start_headers(wait_seconds, idempotency_key),
        )

    async def progress(self, project_id: str) -> Progress:
        """The current progress of the project."""
        return await self._http.read(Progress, "GET", f"/projects/{project_id}/progress")

    def follow(self, project_id: str) -> AsyncGenerator[Progress]:
        """Yield every change of the project's progress until its job has ended, including the last one.

        By server-sent events, or by polling where these do not get through. Retries through restarts and overload;
        raises the last error after a minute without a successful response.
        """
        return Follower(http=self._http, project_id=project_id).follow()

    async def wait(self, project_id: str) -> Progress:
        """Wait until the project's job has completed, and return its last progress. Raises JobNotCompleted."""
        last: Progress | None = None
        async for progress in self.follow(project_id):
            last = progress
        if last is None or last.job is None or last.job.status != "completed":
            raise JobNotCompleted(last)
        return last

    async def cancel(self, project_id: str) -> Cancellation:
        """Cancel the active job of a project."""
        return await self._http.read(Cancellation, "POST", f"/projects/{project_id}/cancel")

    async def jobs(
        self,
        project_id: str | None = None,
        *,
        status: str | None = None,
        kind: str | None = None,
        at_most: int | None = None,
    ) -> list[Job]:
        """Your jobs, newest first: of all projects or of one, by status and kind.

        All of them unless `at_most` says how many are enough; no more pages are read than that takes.
        """
        filters = given(project_id=project_id, status=status, kind=kind)
        return await self._http.all(Page[Job], "/jobs", at_most=at_most, **filters)

    async def job(self, job_id: UUID) -> Job:
        """One job: its status, attempts, and its result or error."""
        return await self._http.read(Job, "GET", f"/jobs/{job_id}")
