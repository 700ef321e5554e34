"""The browser of the tests leaves nothing behind, however its test process ends."""

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from local.programs import CHECKOUT
from tests.support.browser.chromium import program
from tests.support.waiting import eventually

OPEN_A_PAGE = """
import asyncio
from tests.support.browser.chromium import chromium

async def main():
    async with chromium() as browser:
        await browser.new_page()
        print("open", flush=True)
        await asyncio.sleep(600)

asyncio.run(main())
"""


def _processes(folder: str) -> list[str]:
    """The processes of a browser whose own folder is in this one."""
    found = list[str]()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if f"TMPDIR={folder}/".encode() in (entry / "environ").read_bytes():
                    found.append(entry.name)
            except OSError:
                continue
    return found


def test_a_killed_test_process_leaves_no_browser() -> None:
    program()
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "TMPDIR": folder}
        with subprocess.Popen(
            [sys.executable, "-c", OPEN_A_PAGE],
            cwd=CHECKOUT,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        ) as child:
            assert child.stdout is not None
            assert child.stdout.readline() == "open\n"
            assert _processes(folder)
            child.send_signal(signal.SIGKILL)
        asyncio.run(eventually(lambda: not _processes(folder), 30))
