"""What a request costs at the least under the library's server: an application that does next to nothing.

POST /rpc/<function> is plain ASGI: it makes the library's call of a SQL function, through the same client, and no more:
no caller, no check, no log. GET / is a route of FastAPI's that calls nobody.
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
from shared.database.client import call

RPC = "/rpc/editai_"
HEADERS = [(b"content-type", b"application/json")]

_fastapi = FastAPI(openapi_url=None)


async def floor(scope: Scope, receive: Receive, send: Send) -> None:
    """Pass a call on, or let FastAPI answer."""
    if not scope["path"].startswith(RPC):
        await _fastapi(scope, receive, send)
        return
    arguments = await Request(scope, receive).json()
    named = {name.removeprefix("p_"): value for name, value in arguments.items()}
    body = json.dumps(await call(scope["path"].removeprefix(RPC), **named)).encode()
    length = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": 200, "headers": [*HEADERS, length]})
    await send({"type": "http.response.body", "body": body})


@_fastapi.get("/")
async def _hello() -> dict[str, str]:
    return {"hello": "world"}


@contextmanager
def serving(stack: StackInfo) -> Generator[tuple[str, int]]:
    """Serve the application in a process of its own; yields its URL and its pid."""
    claim = claim_free_port()
    settings = {
        "SUPABASE_URL": stack.supabase_url,
        "SUPABASE_SERVICE_ROLE_KEY": stack.service_role_key,
        "INTERNAL_SECRET": "presented to nobody",
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
