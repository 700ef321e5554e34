"""A real Chromium, driven over its DevTools protocol; no package is needed for that but aiohttp.

Source: https://chromedevtools.github.io/devtools-protocol/
"""

import asyncio
import json
import shutil
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Any

import aiohttp

from tests.support.waiting import eventually

PROGRAM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
"""The browser of this machine; None where there is none."""

_FLAGS = (
    *("--headless=new", "--remote-debugging-port=0", "--no-first-run", "--disable-gpu"),
    # Its sandbox refuses to run as root, and containers have little shared memory.
    *("--no-sandbox", "--disable-dev-shm-usage", "--disable-background-networking"),
    "--autoplay-policy=no-user-gesture-required",
)


class Page:
    """One tab."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._ids = count(1)

    async def send(self, method: str, **params: Any) -> dict[str, Any]:
        """Sends a command and returns its result; a refusal is an AssertionError."""
        number = next(self._ids)
        await self._socket.send_json({"id": number, "method": method, "params": params})
        while True:
            message = json.loads(await self._socket.receive_str())
            if message.get("id") == number:
                assert "error" not in message, message
                return message["result"]

    async def evaluate(self, expression: str) -> Any:
        """The value of an expression in the page."""
        result = await self.send(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    async def choose_file(self, selector: str, file: Path) -> None:
        """Puts a file into a file input, as a user's choice does."""
        found = await self.send(
            "Runtime.evaluate", expression=f"document.querySelector({json.dumps(selector)})"
        )
        await self.send(
            "DOM.setFileInputFiles", files=[str(file)], objectId=found["result"]["objectId"]
        )


@asynccontextmanager
async def open_page(url: str, profile: Path) -> AsyncGenerator[Page]:
    """A new browser with one tab at `url`; `profile` is an empty folder."""
    assert PROGRAM is not None
    browser = await asyncio.create_subprocess_exec(
        *(PROGRAM, *_FLAGS, f"--user-data-dir={profile}", url),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        port_file = profile / "DevToolsActivePort"
        await eventually(port_file.exists, 30)
        port = port_file.read_text().splitlines()[0]
        async with aiohttp.ClientSession() as session:
            async with session.get(f"http://127.0.0.1:{port}/json/list") as response:
                tabs = await response.json()
            address = next(tab for tab in tabs if tab["type"] == "page")["webSocketDebuggerUrl"]
            async with session.ws_connect(address, max_msg_size=0) as socket:
                yield Page(socket)
    finally:
        browser.terminate()
        await browser.wait()
