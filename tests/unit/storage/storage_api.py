"""The part of Supabase Storage's HTTP API that a bucket's client uses, backed by a dict.

Paths, bodies, statuses and error members follow its OpenAPI document (supabase.github.io/storage). The real Storage
server needs Docker; this one checks the requests that it receives.
"""

import asyncio
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from secrets import token_hex

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from shared.storage.paths import BUCKET_TYPES
from tests.support.waiting import eventually

BUCKET = "editai"

Fault = Callable[[Request], Awaitable[Response | None]]
"""Happens before a transfer, and may respond instead."""


@dataclass
class StorageApi:
    """A server's state: files by path, and what each URL token permits."""

    key: str
    files: dict[str, bytes] = field(default_factory=dict[str, bytes])
    tokens: dict[str, str] = field(default_factory=dict[str, str])
    ranges: list[str] = field(default_factory=list[str])
    size_limit: int | None = None
    project_size_limit: int | None = None
    allowed_types: tuple[str, ...] = BUCKET_TYPES
    gateway_status: int | None = None
    hangs_up: bool = False
    faults: list[Fault] = field(default_factory=list[Fault])
    """One for each of the next transfers; the last one stays."""
    data_api: str | None = None
    """The gateway that serves the rest of the project."""
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    url: str = ""

    @asynccontextmanager
    async def serve(self) -> AsyncGenerator["StorageApi"]:
        """Serve on a free port until the end of the block."""
        listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        config = uvicorn.Config(self._app(), log_level="error", lifespan="off")
        server = uvicorn.Server(config)
        task = asyncio.create_task(server.serve(sockets=[listener]))
        await eventually(lambda: server.started)
        try:
            yield self
        finally:
            self.ended.set()
            server.should_exit = True
            await task
            listener.close()

    def _app(self) -> Starlette:
        base = "/storage/v1/object"
        return Starlette(
            routes=[
                Route(
                    f"{base}/upload/sign/{BUCKET}/{{path:path}}",
                    self._sign_upload,
                    methods=["POST"],
                ),
                Route(f"{base}/upload/sign/{BUCKET}/{{path:path}}", self._upload, methods=["PUT"]),
                Route(f"{base}/sign/{BUCKET}", self._sign_downloads, methods=["POST"]),
                Route(f"{base}/sign/{BUCKET}/{{path:path}}", self._download, methods=["GET"]),
                Route(f"{base}/info/{BUCKET}/{{path:path}}", self._info, methods=["GET"]),
                Route(f"{base}/list/{BUCKET}", self._list, methods=["POST"]),
                Route(f"{base}/{BUCKET}", self._remove, methods=["DELETE"]),
                Route(f"/storage/v1/bucket/{BUCKET}", self._bucket, methods=["GET"]),
                Route("/rest/v1/{path:path}", self._forward, methods=["GET", "POST"]),
            ]
        )

    async def stall(self, request: Request) -> None:
        """A fault: neither read nor send anything."""
        del request
        await self.ended.wait()

    async def _fault(self, request: Request) -> Response | None:
        if not self.faults:
            return None
        fault = self.faults.pop(0) if len(self.faults) > 1 else self.faults[0]
        return await fault(request)

    async def _forward(self, request: Request) -> Response:
        skipped = ("host", "content-length", "connection", "accept-encoding")
        headers = {name: value for name, value in request.headers.items() if name not in skipped}
        async with httpx.AsyncClient(base_url=self.data_api or "") as client:
            url = f"{request.url.path}?{request.url.query}"
            body = await request.body()
            response = await client.request(request.method, url, content=body, headers=headers)
        kept = ("content-type", "proxy-status")
        return Response(
            response.content,
            status_code=response.status_code,
            headers={name: response.headers[name] for name in kept if name in response.headers},
        )

    def _auth_error(self, request: Request) -> Response | None:
        if request.headers.get("authorization") != f"Bearer {self.key}":
            return _error(400, "403", "Unauthorized", "Invalid Compact JWS")
        return None

    def _token(self, purpose: str) -> str:
        token = token_hex(8)
        self.tokens[token] = purpose
        return token

    async def _sign_upload(self, request: Request) -> Response:
        path = request.path_params["path"]
        if path in self.files and request.headers.get("x-upsert") != "true":
            return _error(400, "409", "Duplicate", "The resource already exists")
        token = self._token(f"PUT {path}")
        return self._auth_error(request) or JSONResponse(
            {"url": f"/object/upload/sign/{BUCKET}/{path}?token={token}", "token": token}
        )

    async def _upload(self, request: Request) -> Response:
        path = request.path_params["path"]
        if self.tokens.get(request.query_params.get("token", "")) != f"PUT {path}":
            return _error(400, "400", "InvalidJWT", "jwt malformed")
        if response := await self._fault(request):
            return response
        if self.hangs_up:
            raise ConnectionAbortedError  # before the body is read: the server closes the connection
        if self.gateway_status:
            return Response("<html>", status_code=self.gateway_status, media_type="text/html")
        kind = request.headers.get("content-type", "application/octet-stream")
        if not {kind, f"{kind.partition('/')[0]}/*"} & set(self.allowed_types):
            message = f"mime type {kind} is not supported"
            return _error(400, "415", "invalid_mime_type", message)
        content = await request.body()
        limits = [each for each in (self.size_limit, self.project_size_limit) if each is not None]
        if any(len(content) > each for each in limits):
            message = "The object exceeded the maximum allowed size"
            return _error(400, "413", "Payload too large", message)
        self.files[path] = content
        return JSONResponse({"Key": f"{BUCKET}/{path}"})

    async def _bucket(self, request: Request) -> Response:
        return self._auth_error(request) or JSONResponse(
            {
                "id": BUCKET,
                "name": BUCKET,
                "owner": "",
                "public": False,
                "created_at": "2026-11-29T00:00:00Z",
                "updated_at": "2026-11-29T00:00:00Z",
                "file_size_limit": self.size_limit,
                "allowed_mime_types": list(self.allowed_types),
            }
        )

    async def _sign_downloads(self, request: Request) -> Response:
        if error := self._auth_error(request):
            return error
        signed = [
            {
                "error": None
                if path in self.files
                else "Either the object does not exist or you do not have access to it",
                "path": path,
                "signedURL": f"/object/sign/{BUCKET}/{path}?token={self._token(f'GET {path}')}"
                if path in self.files
                else None,
            }
            for path in (await request.json())["paths"]
        ]
        return JSONResponse(signed)

    async def _download(self, request: Request) -> Response:
        path = request.path_params["path"]
        if self.tokens.get(request.query_params.get("token", "")) != f"GET {path}":
            return _error(400, "400", "InvalidJWT", "jwt malformed")
        if response := await self._fault(request):
            return response
        content, byte_range = self.files[path], request.headers.get("range")
        if byte_range is None:
            return Response(content)
        self.ranges.append(byte_range)
        start, end = (int(part) for part in byte_range.removeprefix("bytes=").split("-"))
        return Response(content[start : end + 1], status_code=206)

    async def _info(self, request: Request) -> Response:
        path = request.path_params["path"]
        if path not in self.files:
            return _error(400, "404", "not_found", "Object not found")
        return self._auth_error(request) or JSONResponse(
            {"name": path, "size": len(self.files[path])}
        )

    async def _list(self, request: Request) -> Response:
        query = await request.json()
        folder = f"{query['prefix']}/" if query["prefix"] else ""
        below = sorted(path.removeprefix(folder) for path in self.files if path.startswith(folder))
        entries = {name.partition("/")[0]: None if "/" in name else token_hex(4) for name in below}
        page = list(entries.items())[query["offset"] : query["offset"] + query["limit"]]
        return self._auth_error(request) or JSONResponse(
            [{"name": name, "id": entry_id} for name, entry_id in page]
        )

    async def _remove(self, request: Request) -> Response:
        if error := self._auth_error(request):
            return error
        removed = [
            path for path in (await request.json())["prefixes"] if self.files.pop(path, None)
        ]
        return JSONResponse([{"name": path} for path in removed])


def _error(status: int, code: str, error: str, message: str) -> Response:
    return JSONResponse(
        {"statusCode": code, "error": error, "message": message}, status_code=status
    )
