"""The TypeScript client in Chromium: a large upload that is cut off, and all that follows until the clip plays."""

import asyncio
import functools
import http.server
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.async_api import CDPSession, Page, Response, expect

from editai_client import LibraryClient
from editai_client.supabase import SupabaseSession
from tests.clients.conftest import LARGE_BYTES
from tests.support.backend import Backend
from tests.support.browser.chromium import chromium

SLOW_BYTES_PER_SECOND = 20_000_000


@pytest.fixture
def origin(typescript_client: Path) -> Iterator[str]:
    """Where the page is served, beside the installed package."""
    handler = functools.partial(_Quiet, directory=str(typescript_client))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Logs nothing."""


async def test_upload_resume_generate_cancel_and_play(
    origin: str, stack: Backend, large_video: Path
) -> None:
    library = stack.functions["library"]
    library.start(CORS_ALLOWED_ORIGINS=json.dumps([origin]))
    token = (await asyncio.to_thread(_sign_in, stack)).token
    async with LibraryClient(library.url, token) as client, chromium() as browser:
        project = (await client.create_project("Reel")).id
        page = await browser.new_page()
        followed: list[str] = []

        def note(response: Response) -> None:
            if response.url.endswith("/progress"):
                followed.append(response.headers.get("content-type", ""))

        page.on("response", note)
        settings = {
            "url": library.url,
            "supabaseUrl": stack.gateway.url,
            "anonKey": stack.gateway.anon_key,
            "email": stack.supabase_api.developer.email,
            "password": stack.supabase_api.developer.password,
            "projectId": project,
        }
        await page.goto(f"{origin}/story.html#{quote(json.dumps(settings))}")

        await _upload_and_cut_off(page, large_video)
        source = await _resume(page, large_video)
        assert [str(each.id) for each in await client.sources(project)] == [source]

        await _generate_twice_and_cancel(page)
        await page.fill("#variants", "1")
        await page.click("#generate")
        await expect(page.locator("#status")).to_have_text("completed", timeout=60_000)
        assert await page.locator("progress").evaluate("bar => bar.value") == 100
        await page.locator("video").evaluate("video => video.play()")
        await page.wait_for_function("document.querySelector('video').currentTime > 0.5")
        assert {kind.partition(";")[0] for kind in followed} == {"text/event-stream"}


def _sign_in(stack: Backend) -> SupabaseSession:
    developer = stack.supabase_api.developer
    return SupabaseSession.sign_in(
        stack.gateway.url,
        stack.gateway.anon_key,
        email=developer.email,
        password=developer.password,
    )


async def _upload_and_cut_off(page: Page, video: Path) -> None:
    """Upload over a slow line, and reload the page in the middle."""
    session = await page.context.new_cdp_session(page)
    await _limit_uploads(session, SLOW_BYTES_PER_SECOND)
    await page.set_input_files("#file", video)
    await page.wait_for_function("document.querySelector('progress').value > 30")
    await page.reload()
    await _limit_uploads(session, -1)


async def _limit_uploads(session: CDPSession, bytes_per_second: int) -> None:
    line = {"offline": False, "latency": 0, "downloadThroughput": -1}
    await session.send(  # pyright: ignore[reportUnknownMemberType]
        "Network.emulateNetworkConditions", line | {"uploadThroughput": bytes_per_second}
    )


async def _resume(page: Page, video: Path) -> str:
    """Choose the same file again; returns the id of its source."""
    await page.set_input_files("#file", video)
    await expect(page.locator("#uploaded")).not_to_be_empty(timeout=60_000)
    first = int(await page.locator("progress").evaluate("bar => bar.dataset.first"))
    assert LARGE_BYTES / 5 < first < LARGE_BYTES
    return await page.locator("#uploaded").inner_text()


async def _generate_twice_and_cancel(page: Page) -> None:
    """The second start is refused, and names the job of the first."""
    status, refused = page.locator("#status"), page.locator("#refused")
    await page.click("#generate")
    await expect(status).not_to_be_empty()
    job = await status.inner_text()
    await page.click("#generate")
    await expect(refused).to_have_text(job)
    await page.click("#cancel")
    await expect(status).to_have_text("cancelled")
