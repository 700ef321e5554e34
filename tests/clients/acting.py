"""The same acts by each client: the TypeScript one in Node, and the Python one in both of its forms."""

import asyncio
import inspect
import json
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from editai_client import LibraryClient, LibraryError, SyncLibraryClient
from tests.clients.packages import NODE

CLIENTS = ("typescript", "python", "python without coroutines")


@dataclass(frozen=True, kw_only=True)
class Actor:
    """A caller of one library."""

    url: str
    token: str
    project_id: str
    source_id: str
    folder: Path
    """Where the TypeScript client is installed."""

    async def act(self, client: str, act: str) -> dict[str, Any]:
        """What an act gives: a `result`, or an `error` with its name and the seconds to wait."""
        if client == "typescript":
            return [told async for told in self._typescript(act)][-1]
        try:
            return {"result": await self._python(client, act)}
        except LibraryError as error:
            return {"error": {"name": type(error).__name__, "retryAfter": error.retry_after}}

    async def follow(self, client: str) -> AsyncGenerator[str]:
        """The status of the project's job, each time that a client tells of a change."""
        if client == "typescript":
            async for told in self._typescript("follow"):
                if "status" in told:
                    yield told["status"]
        elif client == "python":
            async with LibraryClient(self.url, self.token) as library:
                async for progress in library.follow(self.project_id):
                    yield progress.job.status if progress.job else ""
        else:
            with SyncLibraryClient(self.url, self.token) as library:
                progresses = library.follow(self.project_id)
                while progress := await asyncio.to_thread(next, progresses, None):
                    yield progress.job.status if progress.job else ""

    async def _python(self, client: str, act: str) -> Any:
        kind = LibraryClient if client == "python" else SyncLibraryClient
        library = kind(self.url, self.token)

        async def call(name: str, *arguments: Any) -> Any:
            # In a thread, because the gateway is served by this one.
            result = await asyncio.to_thread(getattr(library, name), *arguments)
            return await result if inspect.isawaitable(result) else result

        match act:
            case "read":
                return (await call("project", self.project_id)).id
            case "create":
                return (await call("create_project", "second")).id
            case "start":
                return str((await call("generate", self.project_id, self.source_id)).job.id)
            case "delete":
                return await call("delete_project", self.project_id)
            case _:
                raise ValueError(act)

    async def _typescript(self, act: str) -> AsyncGenerator[dict[str, Any]]:
        """Every line that an act prints."""
        argument = {
            "act": act,
            "url": self.url,
            "token": self.token,
            "projectId": self.project_id,
            "sourceId": self.source_id,
        }
        process = await asyncio.create_subprocess_exec(
            *(NODE, "behaviour.js", json.dumps(argument)),
            cwd=self.folder,
            stdout=asyncio.subprocess.PIPE,
        )
        assert process.stdout is not None
        try:
            async for line in process.stdout:
                yield json.loads(line)
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()
