"""Programs in TypeScript, run by Deno with the packages that local/package.json pins."""

import asyncio
import json
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from local.programs import CHECKOUT, DENO


@asynccontextmanager
async def running(program: Path, argument: Any) -> AsyncGenerator[asyncio.subprocess.Process]:
    """The program, which gets `argument` as JSON. It is killed at the end of the block if it still runs."""
    process = await asyncio.create_subprocess_exec(
        *(DENO, "run", "--quiet", "--no-remote", "--no-lock", "--no-prompt"),
        *("--node-modules-dir=manual", "--allow-all", program, json.dumps(argument)),
        # Deno finds the packages of the directory in which it runs.
        cwd=CHECKOUT / "local",
        env={
            "DENO_DIR": str(CHECKOUT / ".local" / "deno"),
            "DENO_NO_UPDATE_CHECK": "1",
            "NO_COLOR": "1",
            "PATH": os.environ["PATH"],
        },
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def run(program: Path, argument: Any) -> Any:
    """What the program prints, parsed from JSON; asserts that it succeeds."""
    async with running(program, argument) as process:
        return await result(process)


async def result(process: asyncio.subprocess.Process) -> Any:
    """Waits for a program's end and parses what it printed."""
    output, errors = await process.communicate()
    assert process.returncode == 0, output.decode() + errors.decode()
    return json.loads(output)
