"""`make demo`: the real functions turn a video into clips while a client follows the progress.

VIDEO=file uses another video than the sample; KEEP=1 leaves the stack running.
"""

import asyncio
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import imageio_ffmpeg  # pyright: ignore[reportMissingTypeStubs]
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

from editai_client import LibraryClient, LibraryError, ProjectBusy
from editai_client.models import Clip, Export, Source
from local.commands import INTERRUPTED
from local.demo_stack import NoStack, demo_stack, end_gracefully
from local.programs import CHECKOUT
from local.stack.directory import StackDirectory
from local.stack.keys import Keys

SAMPLE = CHECKOUT / "assets" / "sample.mp4"
VARIANTS = 3
SECONDS = 8
SUBTITLES = """\
1
00:00:00,500 --> 00:00:03,500
Cut by EditAI Functions

2
00:00:03,600 --> 00:00:07,500
These subtitles are part of the picture now
"""


def main(directory: Path | None) -> int:
    """Start the stack, show jobs from upload to final render, and stop the stack unless it was already running."""
    video = Path(os.environ.get("VIDEO") or SAMPLE).expanduser()
    if not video.is_file():
        print(f"there is no file {video}", file=sys.stderr)
        return 2
    end_gracefully()
    try:
        with demo_stack(StackDirectory.at(directory), keep=bool(os.environ.get("KEEP"))) as stack:
            return asyncio.run(_show(stack, video))
    except NoStack as failure:
        print(failure, file=sys.stderr)
    except LibraryError as error:
        print(f"the library refused: {error}", file=sys.stderr)
    except httpx.TransportError as failure:
        print(f"the library does not respond: {failure!r}", file=sys.stderr)
    except KeyboardInterrupt:
        print("interrupted")
        return INTERRUPTED
    return 1


async def _show(directory: StackDirectory, video: Path) -> int:
    stack = directory.read_stack()
    if stack is None:
        raise NoStack("the stack has stopped")
    keys = Keys.load_or_generate(directory.keys_file)
    token = keys.user_token(str(uuid4()), issuer=stack["jwt_issuer"])
    async with LibraryClient(stack["library_url"], token) as library:
        project = await library.create_project("Demo")
        show = _Show(Console(highlight=False), library, project.id, _folder(directory, project.id))
        return 0 if await show.all(video) else 1


@dataclass(frozen=True)
class _Show:
    """One project, from a video to a final render."""

    console: Console
    library: LibraryClient
    project_id: str
    folder: Path

    async def all(self, video: Path) -> bool:
        """Generate, try to generate while busy, generate from segments, render; True if every job completed."""
        self._say(f"\nproject [bold]{self.project_id}[/bold]")
        source = await self.library.upload(self.project_id, video)
        await self.library.generate(
            self.project_id, source, variant_count=VARIANTS, target_duration=SECONDS
        )
        self._say(
            f"[bold]1. generate[/bold]: {escape(video.name)} is uploaded and its job is queued"
        )
        await self._try_again(source)
        if not await self._follow():
            return False
        for clip in await self.library.clips(self.project_id):
            await self._show_clip(clip)
        return await self._from_segments() and await self._render()

    async def _try_again(self, source: Source) -> None:
        """Start the same job again while the first one holds the project."""
        try:
            await self.library.generate(self.project_id, source)
        except ProjectBusy as busy:
            holder = f", held by job {busy.job.id}" if busy.job else ""
            self._say(
                f"a second generate gets [bold]{busy.status}[/bold] {escape(str(busy))} "
                f"(Retry-After {busy.retry_after:.0f} s{holder})"
            )

    async def _from_segments(self) -> bool:
        """Build one clip from the first segments of the earlier clips."""
        clips = await self.library.clips(self.project_id)
        segments = _without_overlaps([clip.segments[0].model_dump(mode="json") for clip in clips])
        self._say(
            f"[bold]2. generate from segments[/bold]: {len(segments)} segments of the earlier clips"
        )
        await self.library.generate_from_segments(
            self.project_id, segments, target_duration=SECONDS
        )
        if not await self._follow():
            return False
        await self._show_clip((await self.library.clips(self.project_id))[-1])
        return True

    async def _render(self) -> bool:
        """Render the newest clip for publishing, with subtitles, and extract a frame."""
        clip = (await self.library.clips(self.project_id))[-1]
        self._say(
            f"[bold]3. render[/bold]: {clip.variant_name} for instagram_reels, with subtitles"
        )
        await self.library.render(
            clip.id, "instagram_reels", fit="blur", subtitles={"srt": SUBTITLES}
        )
        if not await self._follow():
            return False
        export = (await self.library.exports(clip.id))[0]
        video = self.folder / f"{export.preset}.mp4"
        await self._fetch(export.video_url, video)
        self._say(f"{export.preset}: {_facts(export)}\n  {_relative(video)}")
        frame = video.with_suffix(".png")
        _extract_frame(video, export.duration_seconds / 2, frame)
        self._say(f"  {_relative(frame)}")
        return True

    async def _follow(self) -> bool:
        """Show the progress endpoint's responses until the job ends; True if it completed."""
        bar = Progress(
            BarColumn(40),
            TaskProgressColumn(),
            TextColumn("{task.description}"),
            TextColumn("{task.fields[remaining]}", style="dim"),
            console=self.console,
            disable=not self.console.is_terminal,  # else it would be printed once, at its end
        )
        status = ""
        with bar:
            task = bar.add_task("", total=100, remaining="")
            async for progress in self.library.follow(self.project_id):
                left = progress.estimated_remaining
                remaining = "" if left is None else f"{left} s left"
                step = progress.current_step
                bar.update(
                    task, completed=progress.percentage, description=step, remaining=remaining
                )
                if not self.console.is_terminal:
                    self._say(f"{progress.percentage:3} % {step} {remaining}")
                if progress.job is not None:
                    status = progress.job.status
                    if progress.job.error:
                        self._say(f"[red]{escape(progress.job.error['detail'])}[/red]")
        return status == "completed"

    async def _show_clip(self, clip: Clip) -> None:
        """Download a clip and its thumbnail by their signed URLs, and print their paths."""
        video = self.folder / f"clip-{clip.variant_number}.mp4"
        thumbnail = video.with_suffix(".jpg")
        await self._fetch(clip.video_url, video)
        await self._fetch(clip.thumbnail_url, thumbnail)
        self._say(
            f"{clip.variant_name}: {_facts(clip)}\n  {_relative(video)}\n  {_relative(thumbnail)}"
        )

    async def _fetch(self, url: str | None, target: Path) -> None:
        if url is not None:
            await self.library.download(url, target)

    def _say(self, text: str) -> None:
        self.console.print(text, soft_wrap=True)


def _without_overlaps(segments: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The segments, without those that overlap an earlier one."""
    chosen: list[dict[str, Any]] = []
    for segment in segments:
        if all(s["end"] <= segment["start"] or segment["end"] <= s["start"] for s in chosen):
            chosen.append(segment)
    return chosen


def _facts(output: Clip | Export) -> str:
    megabytes = output.size_bytes / 1e6
    return f"{output.duration_seconds:.2f} s, {output.width}x{output.height}, {megabytes:.1f} MB"


def _extract_frame(video: Path, at: float, target: Path) -> None:
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y", "-ss", f"{at:.3f}"]
    subprocess.run([*command, "-i", video, "-frames:v", "1", target], check=True)


def _folder(directory: StackDirectory, project_id: str) -> Path:
    folder = directory.path / "demo" / project_id
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _relative(path: Path) -> str:
    """A path for the console, relative to the checkout if it is inside."""
    short = path.relative_to(CHECKOUT) if path.is_relative_to(CHECKOUT) else path
    return escape(str(short))
