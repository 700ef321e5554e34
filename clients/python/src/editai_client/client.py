"""A client for the library: start a job, follow its progress, cancel it, download its results.

    async with LibraryClient(url, token) as library:
        project = await library.create_project("Summer campaign")
        await library.generate(project.id, Path("holiday.mp4"), variant_count=3)
        async for progress in library.follow(project.id):
            print(progress.percentage, progress.current_step)

An error response raises LibraryError, with the status and the problem details of the response.
"""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from http import HTTPStatus
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar
from uuid import UUID

import httpx
from pydantic import BaseModel, TypeAdapter

from editai_client.models import (
    Cancellation,
    Clip,
    Export,
    JobAccepted,
    Page,
    Progress,
    Project,
    Source,
    Upload,
)

Model = TypeVar("Model", bound=BaseModel)
Item = TypeVar("Item")

_Members = TypeAdapter(dict[str, Any])

POLL_SECONDS = 0.5
MAX_OUTAGE_SECONDS = 60.0
"""How long `follow` retries while the library does not respond, for instance during a restart."""

TIMEOUT = httpx.Timeout(30.0, read=330.0)
"""The read timeout exceeds the longest `Prefer: wait`, 300 seconds."""


_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")


class LibraryError(Exception):
    """The library sent an error response.

    `status` is the HTTP status, `problem` the members of the problem details, `retry_after` the
    seconds to wait before a retry, or None without a Retry-After header.
    """

    def __init__(self, response: httpx.Response) -> None:
        self.status = response.status_code
        self.problem: dict[str, Any] = _json(response)
        self.retry_after = _retry_after(response)
        super().__init__(self.problem.get("detail") or f"HTTP {self.status}")


class LibraryClient:
    """A client for one library and one caller. `token` is a user's access token or the service key."""

    def __init__(self, base_url: str, token: str) -> None:
        self._http = _http_client(
            base_url=base_url, headers={"Authorization": f"Bearer {token}"}, timeout=TIMEOUT
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._http.aclose()

    async def create_project(self, name: str) -> Project:
        """Create a project."""
        return await self._request(Project, "POST", "/projects", json={"name": name})

    async def delete_project(self, project_id: str) -> None:
        """Delete a project and everything in it. Raises LibraryError 409 while a job is active."""
        await self._send("DELETE", f"/projects/{project_id}")

    async def generate(
        self,
        project_id: str,
        video: Path,
        *,
        wait_seconds: int = 0,
        idempotency_key: str | None = None,
        **options: Any,
    ) -> JobAccepted:
        """Upload a video and start making raw clips from it; the options are those of the API.

        The file is streamed. Raises LibraryError if after `wait_seconds` the project is still busy (409)
        or the user still has too many active jobs (429); its `retry_after` says when to retry.
        """
        fields = {name: str(value) for name, value in options.items()}
        with video.open("rb") as file:
            return await self._request(
                JobAccepted,
                "POST",
                f"/projects/{project_id}/generate",
                data=fields,
                files={"video": (video.name, file, "application/octet-stream")},
                headers=_job_headers(wait_seconds, idempotency_key),
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
        return await self._request(
            JobAccepted,
            "POST",
            f"/projects/{project_id}/generate-from-segments",
            json={"segments": list(segments), **options},
            headers=_job_headers(wait_seconds, idempotency_key),
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
        return await self._request(
            JobAccepted,
            "POST",
            f"/clips/{clip_id}/render",
            json={"preset": preset, **options},
            headers=_job_headers(wait_seconds, idempotency_key),
        )

    async def upload(self, project_id: str, video: Path) -> Source:
        """Upload a video straight to storage, and confirm it. Raises LibraryError 422 if it is unusable."""
        upload = await self._request(
            Upload, "POST", f"/projects/{project_id}/sources", json={"file_name": video.name}
        )
        async with _http_client(timeout=TIMEOUT) as http:
            headers = {
                "Content-Type": upload.source.content_type,
                "Content-Length": str((await asyncio.to_thread(video.stat)).st_size),
            }
            response = await http.put(upload.upload_url, content=_blocks(video), headers=headers)
            if response.is_error:
                raise LibraryError(response)
        return await self._request(Source, "POST", f"/sources/{upload.source.id}/confirm")

    async def delete_source(self, source_id: UUID) -> None:
        """Delete a source; clips made from it stay. Raises LibraryError 409 while a job is active."""
        await self._send("DELETE", f"/sources/{source_id}")

    async def progress(self, project_id: str) -> Progress:
        """The current progress of the project."""
        return await self._request(Progress, "GET", f"/projects/{project_id}/progress")

    async def follow(self, project_id: str) -> AsyncGenerator[Progress]:
        """Yield every change of the project's progress until its job has ended, including the last one.

        Retries through restarts and overload: after a connection error, or after a response with Retry-After. Raises
        the last error after a minute without a successful response.
        """
        loop = asyncio.get_running_loop()
        etag, last_response_at = "", loop.time()
        while True:
            delay = POLL_SECONDS
            try:
                response = await self._send(
                    "GET", f"/projects/{project_id}/progress", headers={"If-None-Match": etag}
                )
            except (LibraryError, httpx.TransportError) as error:
                if loop.time() - last_response_at > MAX_OUTAGE_SECONDS or not _is_transient(error):
                    raise
                delay = getattr(error, "retry_after", None) or POLL_SECONDS
            else:
                last_response_at = loop.time()
                if response.status_code != HTTPStatus.NOT_MODIFIED:
                    etag = response.headers.get("ETag", "")
                    progress = Progress.model_validate_json(response.content)
                    yield progress
                    if progress.job is None or progress.job.status not in ("queued", "running"):
                        return
            await asyncio.sleep(delay)

    async def cancel(self, project_id: str) -> Cancellation:
        """Cancel the active job of a project."""
        return await self._request(Cancellation, "POST", f"/projects/{project_id}/cancel")

    async def clips(self, project_id: str) -> list[Clip]:
        """All clips of a project, ordered by variant number."""
        clips = await self._all(Page[Clip], f"/projects/{project_id}/clips")
        return sorted(clips, key=lambda clip: clip.variant_number)

    async def sources(self, project_id: str) -> list[Source]:
        """All sources of a project, newest first."""
        return await self._all(Page[Source], f"/projects/{project_id}/sources")

    async def exports(self, clip_id: UUID) -> list[Export]:
        """All final renders of a clip, newest first."""
        return await self._all(Page[Export], f"/clips/{clip_id}/exports")

    async def delete_clip(self, clip_id: UUID) -> None:
        """Delete a clip with its exports. Raises LibraryError 409 while a job of its project is active."""
        await self._send("DELETE", f"/clips/{clip_id}")

    async def delete_export(self, export_id: UUID) -> None:
        """Delete a final render with its files."""
        await self._send("DELETE", f"/exports/{export_id}")

    async def download(self, url: str, target: Path) -> None:
        """Download a signed URL to a file."""
        async with _http_client(timeout=TIMEOUT) as http, http.stream("GET", url) as response:
            if response.is_error:
                await response.aread()
                raise LibraryError(response)
            with target.open("wb") as file:
                async for chunk in response.aiter_bytes():
                    file.write(chunk)

    async def _all(self, model: type[Page[Item]], path: str) -> list[Item]:
        """The items of all pages of a list."""
        items: list[Item] = []
        cursor: str | None = None
        while True:
            params = {"cursor": cursor} if cursor else {}
            page = await self._request(model, "GET", path, params=params)
            items += page.items
            cursor = page.next_cursor
            if cursor is None:
                return items

    async def _request(self, model: type[Model], method: str, path: str, **request: Any) -> Model:
        response = await self._send(method, path, **request)
        return model.model_validate_json(response.content)

    async def _send(self, method: str, path: str, **request: Any) -> httpx.Response:
        response = await self._http.request(method, path, **request)
        if response.is_error:
            raise LibraryError(response)
        return response


def _http_client(**options: Any) -> httpx.AsyncClient:
    """An HTTP client that uses the environment's proxies, except for loopback addresses."""
    return httpx.AsyncClient(mounts={f"all://{host}": None for host in _LOOPBACK}, **options)


async def _blocks(file: Path) -> AsyncGenerator[bytes]:
    with file.open("rb") as stream:
        while block := await asyncio.to_thread(stream.read, 1 << 20):
            yield block


def _job_headers(wait_seconds: int, idempotency_key: str | None) -> dict[str, str]:
    headers: dict[str, str] = {}
    if wait_seconds:
        headers["Prefer"] = f"wait={wait_seconds}"
    if idempotency_key:
        headers["Idempotency-Key"] = idempotency_key
    return headers


def _is_transient(error: LibraryError | httpx.TransportError) -> bool:
    """Return whether a retry may help: there was no response, or the response has a Retry-After header."""
    return isinstance(error, httpx.TransportError) or error.retry_after is not None


def _json(response: httpx.Response) -> dict[str, Any]:
    try:
        return _Members.validate_json(response.content)
    except ValueError:
        return {}


def _retry_after(response: httpx.Response) -> float | None:
    value = response.headers.get("Retry-After", "")
    return float(value) if value.isdecimal() else None
