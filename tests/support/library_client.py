"""The library's calls, for tests."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from psycopg import sql

from local.programs import CHECKOUT
from tests.support.database import Connection

SAMPLE = CHECKOUT / "assets" / "sample.mp4"

FileContent = bytes | Any


@dataclass(frozen=True, kw_only=True)
class Api:
    """The library as called by one user."""

    http: httpx.AsyncClient
    headers: Mapping[str, str]

    async def call(
        self, method: str, path: str, *, headers: Mapping[str, str] | None = None, **options: Any
    ) -> httpx.Response:
        """Any request, with the caller's token."""
        sent = {**self.headers, **(headers or {})}
        return await self.http.request(method, path, headers=sent, **options)

    async def get(self, path: str, **options: Any) -> httpx.Response:
        """GET."""
        return await self.call("GET", path, **options)

    async def new_project(self, name: str = "Summer campaign", **body: Any) -> str:
        """The id of a new project."""
        response = await self.call("POST", "projects", json={"name": name, **body})
        assert response.status_code == 201, response.text
        return response.json()["id"]

    async def generate(
        self,
        project_id: str,
        video: FileContent | None = None,
        *,
        file_name: str = "sample.mp4",
        headers: Mapping[str, str] | None = None,
        **fields: Any,
    ) -> httpx.Response:
        """Upload a video, by default the sample, and generate from it."""
        content = SAMPLE.read_bytes() if video is None else video
        return await self.call(
            "POST",
            f"projects/{project_id}/generate",
            files={"video": (file_name, content, "video/mp4")},
            data={name: str(value) for name, value in fields.items()},
            headers=headers,
        )

    async def cancel(self, project_id: str) -> httpx.Response:
        """Cancel a project's active job."""
        return await self.call("POST", f"projects/{project_id}/cancel")


@dataclass(frozen=True, kw_only=True)
class Traces:
    """Rows and files that requests have left in the database and in storage."""

    admin: Connection
    storage: Path

    def files(self) -> list[Path]:
        """All files, including staged ones."""
        return [path for path in self.storage.rglob("*") if path.is_file()]

    def count(self, table: str) -> int:
        """The number of rows of a table."""
        query = sql.SQL("select count(*) as rows from {}").format(sql.Identifier(table))
        row = self.admin.execute(query).fetchone()
        assert row is not None
        return row["rows"]

    def none(self) -> bool:
        """Whether there is no job, source, lease or file."""
        tables = ("editai_jobs", "editai_sources", "editai_locks", "editai_generation_progress")
        return not self.files() and not any(self.count(table) for table in tables)


def problem(response: httpx.Response, status: int, slug: str) -> dict[str, Any]:
    """The problem details of a response; asserts its status and type."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    content = response.json()
    assert content["type"] == f"urn:editai:problem:{slug}", content
    assert content["status"] == status
    assert content["title"]
    assert content["detail"].endswith("."), content["detail"]
    return content
