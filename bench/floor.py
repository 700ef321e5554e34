"""The minimum cost of a request under the library's server: an application that does almost nothing.

POST /rpc/<function> is plain ASGI. It calls a SQL function through the library's client, without authentication,
validation or logging. GET / is a FastAPI route that calls nothing.
"""

import json
import os
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import uvicorn
from fastapi import FastAPI
from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from bench.stack import StackInfo
from local.processes.process import Part, Process
from local.stack.ports import claim_free_port, is_free
from shared.answers import ANYTHING
from shared.database.client import call

RPC = "/rpc/editai_"
HEADERS = [(b"content-type", b"application/json")]

_fastapi = FastAPI(openapi_url=None)


async def floor(scope: Scope, receive: Receive, send: Send) -> None:
    """Forward a call, or let FastAPI respond."""
    if not scope["path"].startswith(RPC):
        await _fastapi(scope, receive, send)
        return
    arguments = await Request(scope, receive).json()
    named = {name.removeprefix("p_"): value for name, value in arguments.items()}
    result = await call(scope["path"].removeprefix(RPC), ANYTHING, **named)
    body = json.dumps(result).encode()
    length = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": 200, "headers": [*HEADERS, length]})
    await send({"type": "http.response.body", "body": body})


@_fastapi.get("/")
async def _hello() -> dict[str, str]:
    return {"hello": "world"}


@contextmanager
def serving(stack: StackInfo) -> Generator[tuple[str, int]]:
    """Serve the application in its own process; yields its URL and pid."""
    claim = claim_free_port()
    settings = {
        "SUPABASE_URL": stack.supabase_url,
        "SUPABASE_SERVICE_ROLE_KEY": stack.service_role_key,
        "INTERNAL_SECRET": "a secret that no request presents",
    }
    with TemporaryDirectory() as directory:
        part = Part(
            name="floor",
            command=[sys.executable, "-m", "bench.floor", str(claim.number)],
            log=Path(directory) / "log",
            is_ready=lambda: not is_free(claim.number),
            environment=os.environ | settings,
        )
        process = Process(part)
        try:
            process.wait_ready()
            yield f"http://127.0.0.1:{claim.number}", process.pid
        finally:
            process.stop()
            claim.release()


if __name__ == "__main__":
    uvicorn.run(floor, port=int(sys.argv[1]), lifespan="off", log_level="error")
