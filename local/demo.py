"""`make demo`: a real video turned into clips by the real functions, watched from outside.

VIDEO=file takes another video than the sample; KEEP=1 leaves the stack running.
"""

import asyncio
import os
import sys
from argparse import Namespace
from pathlib import Path
from uuid import uuid4

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

from local import commands
from local.directory import StackDirectory
from local.keys import Keys
from local.programs import CHECKOUT
from shared.client import LibraryClient, LibraryError
from shared.wire import ClipAnswer

SAMPLE = CHECKOUT / "assets" / "sample.mp4"
VARIANTS = 3
SECONDS = 8

_USUAL = Namespace(directory=None, ports=None, foreground=False, database_only=False)


def main() -> int:
    """Bring the stack up, show a job from upload to clips, and leave things as they were found."""
    video = Path(os.environ.get("VIDEO") or SAMPLE).expanduser()
    if not video.is_file():
        print(f"there is no file {video}", file=sys.stderr)
        return 2
    directory = StackDirectory.at(None)
    was_running = directory.lock.holder() is not None
    try:
        if (status := commands.up(_USUAL)) != 0:
            return status
        return asyncio.run(_show(directory, video))
    except KeyboardInterrupt:
        print("interrupted")
        return 130
    finally:
        if was_running or os.environ.get("KEEP"):
            print("the stack is left running; `make down` stops it")
        else:
            commands.down(_USUAL)


async def _show(directory: StackDirectory, video: Path) -> int:
    stack = directory.read_stack()
    if stack is None:
        return 1
    keys = Keys.load_or_generate(directory.keys_file)
    token = keys.user_token(str(uuid4()), issuer=stack["jwt_issuer"])
    console = Console(highlight=False)
    async with LibraryClient(stack["library_url"], token) as library:
        project = await library.create_project("Demo")
        console.print(f"project [bold]{project.id}[/bold]")
        job = (
            await library.generate(
                project.id, video, variant_count=VARIANTS, target_duration=SECONDS
            )
        ).job
        console.print(f"uploaded {video.name}; job {job.id} is {job.status}")
        await _show_conflict(console, library, project.id, video)
        if not await _follow(console, library, project.id):
            return 1
        folder = _folder(directory, project.id)
        for clip in await library.clips(project.id):
            console.print(await _download(library, clip, folder), soft_wrap=True)
    return 0


async def _show_conflict(
    console: Console, library: LibraryClient, project_id: str, video: Path
) -> None:
    """Ask for the same again while the first job holds the project."""
    try:
        await library.generate(project_id, video)
    except LibraryError as error:
        console.print(
            f"a second generate gets [bold]{error.status}[/bold]: {error} "
            f"(Retry-After {error.retry_after:.0f} s, held by job {error.problem['job']['id']})",
            soft_wrap=True,
        )


async def _follow(console: Console, library: LibraryClient, project_id: str) -> bool:
    """Draw the progress endpoint's answers until the job has ended; True when it completed."""
    bar = Progress(
        BarColumn(40),
        TaskProgressColumn(),
        TextColumn("{task.description}"),
        TextColumn("{task.fields[remaining]}", style="dim"),
        console=console,
    )
    status = "queued"
    with bar:
        task = bar.add_task("", total=100, remaining="")
        async for progress in library.follow(project_id):
            remaining = progress.estimated_remaining
            bar.update(
                task,
                completed=progress.percentage,
                description=progress.current_step,
                remaining="" if remaining is None else f"{remaining} s left",
            )
            if not console.is_terminal:
                console.print(f"{progress.percentage:3} % {progress.current_step}")
            if progress.job is not None:
                status = progress.job.status
                if progress.job.error:
                    console.print(f"[red]{progress.job.error['detail']}[/red]")
    return status == "completed"


def _folder(directory: StackDirectory, project_id: str) -> Path:
    folder = directory.path / "demo" / project_id
    folder.mkdir(parents=True, exist_ok=True)
    return folder


async def _download(library: LibraryClient, clip: ClipAnswer, folder: Path) -> str:
    """Fetch a clip and its thumbnail by their signed URLs; a line about it."""
    video = folder / f"clip-{clip.variant_number}.mp4"
    thumbnail = video.with_suffix(".jpg")
    for url, target in ((clip.video_url, video), (clip.thumbnail_url, thumbnail)):
        if url is not None:
            await library.download(url, target)
    facts = (
        f"{clip.duration_seconds:.2f} s, {clip.width}x{clip.height}, {clip.size_bytes / 1e6:.1f} MB"
    )
    return f"{clip.variant_name}: {facts}\n  {_relative(video)}\n  {_relative(thumbnail)}"


def _relative(path: Path) -> str:
    return str(path.relative_to(CHECKOUT)) if path.is_relative_to(CHECKOUT) else str(path)
