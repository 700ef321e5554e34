"""The browser of the tests leaves nothing behind, however its test process ends."""

import asyncio
import signal
import subprocess
import sys
from pathlib import Path

from local.programs import CHECKOUT
from tests.support.browser.chromium import program
from tests.support.waiting import eventually

OPEN_A_PAGE = """
import asyncio, sys
from pathlib import Path
from tests.support.browser.chromium import chromium

async def main():
    async with chromium(Path(sys.argv[1])) as browser:
        await browser.new_page()
        print("open", flush=True)
        await asyncio.sleep(600)

asyncio.run(main())
"""


def _processes(home: Path) -> list[str]:
    """The processes whose environment names the browser's folder, except the test's own child."""
    found = list[str]()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if f"TMPDIR={home}".encode() in (entry / "environ").read_bytes():
                    found.append(entry.name)
            except OSError:
                continue
    return found


def test_a_killed_test_process_leaves_no_browser(tmp_path: Path) -> None:
    program()
    command = [sys.executable, "-c", OPEN_A_PAGE, str(tmp_path)]
    with subprocess.Popen(command, cwd=CHECKOUT, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "open\n"
        assert _processes(tmp_path)
        child.send_signal(signal.SIGKILL)
    asyncio.run(eventually(lambda: not _processes(tmp_path), 30))
