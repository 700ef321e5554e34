"""Records takes in Chromium. The page sends each slice to a server on loopback, as pages do that upload as they record.

Run it to record a batch into a folder: `python -m tests.worker.media.recordings.recorder webm /tmp/webm`.
"""

import asyncio
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from aiohttp import web
from playwright.async_api import Page

from tests.support.browser.chromium import chromium
from tests.worker.media.recordings.takes import BATCHES, STAGES, Take

_HERE = Path(__file__).parent
MAX_SLICE_BYTES = 32 << 20


async def record(takes: list[Take], folder: Path) -> None:
    """Records all takes at once, each into the file of its name in `folder`."""
    used = {take.stage: asdict(STAGES[take.stage]) for take in takes if take.stage in STAGES}
    async with recorder_page(folder) as page:
        done: list[dict[str, Any]] = await page.evaluate(
            "([takes, stages]) => recordAll(takes, stages)",
            [[asdict(take) for take in takes], used],
        )
    assert [take for take in done if take["failures"]] == []


async def supported(types: list[str], folder: Path) -> list[str]:
    """Those of the types that this browser can record."""
    async with recorder_page(folder) as page:
        return await page.evaluate("(types) => supported(types)", types)


@asynccontextmanager
async def recorder_page(folder: Path, name: str = "recorder.html") -> AsyncGenerator[Page]:
    """A page of this folder in a new browser. What it sends goes to files in `folder`."""
    async with serving(folder) as url, chromium() as browser:
        page = await browser.new_page()
        await page.goto(f"{url}/{name}")
        yield page


@asynccontextmanager
async def serving(folder: Path) -> AsyncGenerator[str]:
    """The address of a server that shows this folder's pages and appends what they send to files in `folder`."""

    async def append(request: web.Request) -> web.Response:
        with (folder / request.match_info["name"]).open("ab") as file:
            file.write(await request.read())
        return web.Response()

    app = web.Application(client_max_size=MAX_SLICE_BYTES)
    app.router.add_post("/slices/{name}", append)
    app.router.add_static("/", _HERE)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        yield f"http://{host}:{port}"
    finally:
        await runner.cleanup()


if __name__ == "__main__":
    target = Path(sys.argv[2])
    target.mkdir(parents=True, exist_ok=True)
    asyncio.run(record(BATCHES[sys.argv[1]], target))
