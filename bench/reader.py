"""A client of an event stream that resumes, as cheap as possible, so that a thousand fit into one process."""

import asyncio
import json
import random
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit


@dataclass(kw_only=True)
class Reader:
    """Follows one project's job to its end."""

    url: str
    project: str
    token: str
    events: int = 0
    refused: int = 0
    ended: bool = False
    end: Any = None
    """The job of the event `end`."""
    written_at: float | None = None
    """When the newest progress was written; set by the writer."""
    delays: list[float] = field(default_factory=list[float])
    _seen: str = ""
    _retry_seconds: float = 1.0

    async def follow(self) -> None:
        """Read until the end, and resume whenever the stream breaks off."""
        while not self.ended:
            try:
                await self._read()
            except (OSError, asyncio.IncompleteReadError):
                self.refused += 1
            if not self.ended:
                await asyncio.sleep(self._retry_seconds * random.uniform(0.8, 1.2))  # noqa: S311

    async def _read(self) -> None:
        url = urlsplit(self.url)
        reader, writer = await asyncio.open_connection(url.hostname, url.port)
        try:
            writer.write(self._request(url.path))
            event = ""
            # Each line of an event is a line of the response; the lines of the chunks' sizes have no colon.
            while line := await reader.readline():
                name, _, value = line.decode().rstrip().partition(": ")
                if name == "event":
                    event = value
                elif name == "id":
                    self._seen = value
                elif name == "retry":
                    self._retry_seconds = int(value) / 1000
                elif name == "data":
                    self._on_data(event, value)
        finally:
            writer.close()

    def _on_data(self, event: str, data: str) -> None:
        self.events += 1
        if self.written_at is not None:
            self.delays.append(time.time() - self.written_at)
        if event == "end":
            job = json.loads(data)["job"]
            self.end = {"id": job["id"], "status": job["status"]}
            self.ended = True

    def _request(self, path: str) -> bytes:
        headers = {
            "Host": "bench",
            "Accept": "text/event-stream",
            "Authorization": f"Bearer {self.token}",
            **({"Last-Event-ID": self._seen} if self._seen else {}),
        }
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        return f"GET {path}/projects/{self.project}/progress HTTP/1.1\r\n{lines}\r\n".encode()
