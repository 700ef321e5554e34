"""A client for the library: upload a video, start a job, follow its progress, cancel it, download its results.

    async with LibraryClient(url, token) as library:
        project = await library.create_project("Summer campaign")
        source = await library.upload(project.id, Path("holiday.mp4"))
        await library.generate(project.id, source, variant_count=3)
        async for progress in library.follow(project.id):
            print(progress.percentage, progress.current_step)

An error response raises LibraryError, with the status and the problem details of the response.
"""

from types import TracebackType
from typing import Self

from editai_client._async.http import Http, Token
from editai_client._async.jobs import JobCalls
from editai_client._async.library import ClipCalls, ProjectCalls, SourceCalls
from editai_client._async.webhooks import WebhookCalls
from editai_client.retrying import RETRIES


class LibraryClient(ProjectCalls, SourceCalls, JobCalls, ClipCalls, WebhookCalls):
    """A client for one library and one caller.

    `token` is a user's access token, the service key, or a function that returns one. A request is repeated at most
    `retries` times where that is safe, after a lost connection or a response that asks for it.
    """

    def __init__(self, base_url: str, token: Token, *, retries: int = RETRIES) -> None:
        super().__init__(Http(base_url, token, retries=retries))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._http.client.aclose()
