"""The commands of docs/api.md and docs/quickstart.md, and the quickstart's page, run as they are written.

The page's calls also run in Deno, and the library itself is asked whether a browser may make them.
"""

import json
import socket
import subprocess
from collections.abc import Iterator

import httpx
import pytest
from playwright.async_api import expect

from local.programs import DENO
from tests.conftest import SAMPLE
from tests.support.browser.chromium import chromium
from tests.support.waiting import eventually
from tests.tools.docs import pages
from tests.tools.docs.checkout import Checkout, fresh_checkout

WRITTEN_PORT = "8080"
STUDIO = "~/my-studio"

RUN_IN_DENO = """
import { makeClip } from "./studio.js";
const [library, token, path] = Deno.args;
const file = new File([await Deno.readFile(path)], "sample.mp4", { type: "video/mp4" });
const seen = [];
const clip = await makeClip(library, token, file, (progress) => seen.push(progress.percentage));
console.log(JSON.stringify({ seen, clip }));
"""


@pytest.fixture(scope="module")
def port() -> str:
    """A free port, in place of the page's."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return str(unused.getsockname()[1])


@pytest.fixture(scope="module")
def quickstart(port: str) -> str:
    """The page with that port."""
    return pages.page("docs/quickstart.md").replace(WRITTEN_PORT, port)


@pytest.fixture(scope="module")
def checkout(quickstart: str) -> Iterator[Checkout]:
    """The quickstart's steps up to the server of one's own page, done in order; at the end, its last step."""
    up, folder, serve, _token, down = pages.blocks(quickstart, "sh")
    with fresh_checkout() as checkout:
        checkout.run(up)
        checkout.run(folder)
        studio = checkout.home / "my-studio"
        (studio / "index.html").write_text(pages.blocks(quickstart, "html")[0])
        (studio / "studio.js").write_text(pages.blocks(quickstart, "js")[0])
        server = checkout.start(serve)
        try:
            yield checkout
        finally:
            server.terminate()
            server.wait()
        assert "the stack is down" in checkout.run(down)


@pytest.fixture(scope="module")
def library(checkout: Checkout) -> str:
    """The library's address; it differs from the page's only where that port is taken."""
    return json.loads((checkout.path / ".local" / "stack.json").read_text())["library_url"]


@pytest.fixture
def token(checkout: Checkout, quickstart: str) -> str:
    """What the token's step prints."""
    return checkout.run(pages.blocks(quickstart, "sh")[3]).strip()


def test_the_files_are_saved_where_the_page_says(quickstart: str) -> None:
    assert pages.blocks(quickstart, "sh")[1] == f"mkdir -p {STUDIO}\n"
    for name in ("index.html", "studio.js"):
        assert f"`{STUDIO}/{name}`" in quickstart
    assert len(pages.blocks(quickstart, "html")[0].splitlines()) <= 60


def test_a_browser_may_call_the_library_from_the_page(library: str, port: str) -> None:
    def allowed(origin: str) -> bool:
        wanted = {
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization",
        }
        response = httpx.options(f"{library}/projects", headers={"Origin": origin, **wanted})
        return response.headers.get("access-control-allow-origin") == origin

    assert allowed(f"http://127.0.0.1:{port}")
    assert allowed("http://localhost:3000")
    assert allowed("http://localhost")
    assert not allowed("http://localhost.example.com:3000")
    assert not allowed("https://example.com")


def test_the_pages_calls_make_a_clip(checkout: Checkout, library: str, token: str) -> None:
    result = _in_deno(checkout, "studio.js", library, token)
    assert result.returncode == 0, result.stderr
    made = json.loads(result.stdout)
    assert made["seen"] == sorted(made["seen"])
    assert made["seen"][-1] == 100
    assert httpx.get(made["clip"]["video_url"]).content[4:8] == b"ftyp"


def test_the_change_that_the_page_proposes_shows_an_error(
    checkout: Checkout, library: str, token: str
) -> None:
    studio = checkout.home / "my-studio"
    changed = (studio / "studio.js").read_text().replace('"10"', '"0"')
    (studio / "changed.js").write_text(changed)
    result = _in_deno(checkout, "changed.js", library, token)
    assert result.returncode == 1
    assert "target_duration: Input should be greater than or equal to 1" in result.stderr


async def test_the_page_plays_a_clip_in_a_browser(
    checkout: Checkout, library: str, token: str, port: str
) -> None:
    await eventually(lambda: _responds(f"http://127.0.0.1:{port}/index.html"))
    async with chromium() as browser:
        page = await browser.new_page()
        # Returns after the load event, and with it after the page's module has run.
        await page.goto(f"http://127.0.0.1:{port}")
        await page.set_input_files("[name=video]", SAMPLE)
        await page.fill("[name=library]", library)
        await page.fill("[name=token]", token)
        await page.click("button")
        status, video = page.get_by_role("status"), page.locator("video")
        await expect(status).not_to_be_empty(timeout=60_000)
        await expect(video).to_be_visible(timeout=120_000)
        await expect(status).to_have_text("Completed, 0 s left")
        await video.evaluate("video => video.play()")
        await page.wait_for_function("document.querySelector('video').currentTime > 0.5")
        duration = await video.evaluate("video => video.duration")
        assert duration == pytest.approx(10, abs=0.1)


def test_up_prints_what_a_front_end_needs_and_no_secret_of_a_server(checkout: Checkout) -> None:
    """Again as a stack that already runs, and in its logs."""
    stack = json.loads((checkout.path / ".local" / "stack.json").read_text())
    keys = json.loads((checkout.path / ".local" / "keys.json").read_text())
    logs = [log.read_text() for log in (checkout.path / ".local" / "logs").iterdir()]
    up, status = checkout.run("make up"), checkout.run("make status")
    for printed in (up, status, *[text for text in logs if "the stack is up" in text]):
        assert "://postgres:" not in printed
    for shown in (f"{stack['library_url']}/docs", stack["anon_key"], keys["developer_password"]):
        assert shown in up
        assert shown in status
    assert httpx.get(f"{stack['library_url']}/docs").is_success
    assert "Next: open " in up
    secrets = {
        name: key for name, key in keys.items() if name not in {"issued_at", "developer_password"}
    }
    for text in (up, status, *logs):
        assert [name for name, key in secrets.items() if key in text] == []
        assert stack["service_role_key"] not in text
    assert not any(keys["developer_password"] in log for log in logs)


def test_the_readmes_calls_run_as_they_are_written(checkout: Checkout) -> None:
    (script,) = pages.blocks(pages.page("README.md"), "sh")
    printed = checkout.run(script)
    assert '"progress_url"' in printed
    assert '"percentage":' in printed
    assert "urn:editai:problem:" not in printed


def test_the_calls_by_hand_run_from_top_to_bottom(checkout: Checkout) -> None:
    """Responses come in the order of the calls: the progress of the first job, a conflict, and clips after waiting."""
    script = "\n".join(pages.blocks(pages.page("docs/api.md"), "sh"))
    printed = checkout.run(f"set -x\n{script}")
    assert printed.count('"progress_url"') == 6
    assert "HTTP/1.1 409 Conflict" in printed
    assert "retry-after" in printed.lower()
    assert '"variant_number":2' in printed
    assert printed.count('"status":"cancelled"') == 3
    assert '"type":"job.cancelled"' in printed
    assert printed.count("urn:editai:problem:") == 1, printed


def _in_deno(
    checkout: Checkout, module: str, library: str, token: str
) -> subprocess.CompletedProcess[str]:
    studio = checkout.home / "my-studio"
    script = studio / "run.js"
    script.write_text(RUN_IN_DENO.replace("studio.js", module))
    command = [DENO, "run", "--quiet", "--no-remote", "--allow-net=127.0.0.1", "--allow-read"]
    environment = {**checkout.environment(), "DENO_DIR": str(studio / "deno"), "NO_COLOR": "1"}
    return subprocess.run(
        [*command, script, library, token, SAMPLE],
        check=False,
        capture_output=True,
        text=True,
        env=environment,
    )


def _responds(url: str) -> bool:
    try:
        return httpx.get(url).is_success
    except httpx.TransportError:
        return False
