"""The command line of the Python client, from its wheel: a large upload that is killed, and all that follows."""

import asyncio
import os
import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from local.parts.supabase_api import Developer
from shared.media.probe import probe
from tests.support.backend import Backend


@dataclass(frozen=True, kw_only=True)
class Shell:
    """Runs `editai` as a user of one library."""

    program: Path
    home: Path
    settings: dict[str, str]

    async def sign_in(self, developer: Developer) -> None:
        """Sign in, and stay signed in for the next commands."""
        process = await self.start("login", "--email", developer.email, "--password-stdin")
        await process.communicate(f"{developer.password}\n".encode())
        assert process.returncode == 0

    async def start(self, *arguments: str | Path) -> asyncio.subprocess.Process:
        """Start a command, with its output in pipes."""
        return await asyncio.create_subprocess_exec(
            *(self.program, *arguments),
            env={"PATH": os.defpath, "HOME": str(self.home), **self.settings},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )

    async def run(self, *arguments: str | Path, status: int = 0) -> tuple[str, str]:
        """What a command prints to standard output and to standard error; asserts its exit status."""
        process = await self.start(*arguments)
        output, errors = [text.decode() for text in await process.communicate()]
        assert process.returncode == status, output + errors
        return output.strip(), errors


@pytest.fixture
def shell(stack: Backend, python_client: Path, tmp_path: Path) -> Shell:
    """A user of the stack."""
    settings = {
        "EDITAI_URL": stack.functions["library"].url,
        "SUPABASE_URL": stack.gateway.url,
        "SUPABASE_ANON_KEY": stack.gateway.anon_key,
    }
    return Shell(program=python_client / "bin" / "editai", home=tmp_path, settings=settings)


async def test_upload_resume_generate_cancel_and_download(
    shell: Shell, stack: Backend, large_video: Path, tmp_path: Path
) -> None:
    _, told = await shell.run("projects", status=4)
    assert told == "editai: Sign in: --token, EDITAI_TOKEN or `editai login`.\n"
    await shell.sign_in(stack.supabase_api.developer)
    project, _ = await shell.run("projects", "create", "Reel")

    await _upload_and_kill(shell, project, large_video)
    source, told = await shell.run("upload", large_video, "--project", project)
    first, *_, last = _percentages(told)
    assert 20 <= first < last == 100

    generate = ("generate", "--project", project, "--source", source, "--duration", "2")
    job, _ = await shell.run(*generate, "--variants", "10", "--detach")
    _, refused = await shell.run(*generate, status=3)
    assert refused == (
        f"editai: Project is currently being processed. Try again later. It is held by job {job}.\n"
    )
    following = await shell.start("follow", project)
    assert following.stderr is not None
    await following.stderr.readline()
    assert await shell.run("cancel", project) == ("cancelled", "")
    _, told = await following.communicate()
    assert (following.returncode, told.decode().splitlines()[-1]) == (
        1,
        "editai: The job is cancelled.",
    )

    made, told = await shell.run(*generate, "--variants", "1")
    assert _percentages(told)[-1] == 100
    assert "\x1b" not in told
    clip = made.split("\t")[0]
    path, _ = await shell.run("download", clip, "--to", tmp_path)
    assert path == str(tmp_path / f"{clip}.mp4")
    assert probe(Path(path)).duration_seconds == pytest.approx(2, abs=0.1)
    assert made in (await shell.run("clips", project))[0].splitlines()


async def _upload_and_kill(shell: Shell, project: str, video: Path) -> None:
    upload = await shell.start("upload", video, "--project", project)
    assert upload.stderr is not None
    async for line in upload.stderr:
        if max(_percentages(line.decode()), default=0) >= 30:
            break
    upload.kill()
    await upload.wait()


def _percentages(told: str) -> list[int]:
    return [int(number) for number in re.findall(r"^ *(\d+) %", told, re.MULTILINE)]
