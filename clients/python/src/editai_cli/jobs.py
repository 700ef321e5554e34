"""Jobs: start, follow, cancel."""

from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import click

from editai_cli.clips import CLIP_COLUMNS, EXPORT_COLUMNS
from editai_cli.output import print_item, print_items, progress_on_stderr
from editai_cli.session import Settings
from editai_cli.uploads import PROJECT, VIDEO

if TYPE_CHECKING:
    from editai_client import SyncLibraryClient
    from editai_client.models import StartedJob

WAIT = click.option(
    "--wait", type=click.IntRange(0, 300), default=0, help="Seconds to wait for a busy project."
)
DETACH = click.option("--detach", is_flag=True, help="Only start the job; print its id.")
VARIANTS = click.option("--variants", "variant_count", type=int, help="How many clips.")
DURATION = click.option("--duration", "target_duration", type=float, help="Seconds of a clip.")
SEED = click.option("--seed", type=int, help="The same seed chooses the same moments.")


@click.command()
@PROJECT
@click.argument("video", type=VIDEO, required=False)
@click.option("--source", type=click.UUID, help="An uploaded source, instead of a file.")
@VARIANTS
@DURATION
@SEED
@WAIT
@DETACH
@click.pass_obj
def generate(
    settings: Settings,
    project: str,
    video: Path | None,
    source: UUID | None,
    wait: int,
    *,
    detach: bool,
    **options: Any,
) -> None:
    """Make raw clips of a source, or of a small file that is sent along.

    Prints the clips once they are made.
    """
    chosen = source or video
    if chosen is None or (source and video):
        raise click.UsageError("Give either VIDEO or --source.")
    with settings.connect() as library:
        started = library.generate(project, chosen, wait_seconds=wait, **_given(options))
        if detach:
            print_item(started.job, "id", as_json=settings.as_json)
        else:
            _finish_clips(settings, library, started.job)


@click.command()
@PROJECT
@click.argument("segments", nargs=-1, required=True, metavar="SOURCE:START-END...")
@click.option("--mode", "selection_mode", type=click.Choice(["random", "sequential", "weighted"]))
@VARIANTS
@DURATION
@SEED
@WAIT
@DETACH
@click.pass_obj
def segments(
    settings: Settings,
    project: str,
    segments: tuple[str, ...],
    wait: int,
    *,
    detach: bool,
    **options: Any,
) -> None:
    """Make clips of chosen segments: a source's id and the seconds from START to END."""
    chosen = [_segment(text) for text in segments]
    with settings.connect() as library:
        started = library.generate_from_segments(
            project, chosen, wait_seconds=wait, **_given(options)
        )
        if detach:
            print_item(started.job, "id", as_json=settings.as_json)
        else:
            _finish_clips(settings, library, started.job)


@click.command()
@click.argument("clip", type=click.UUID)
@click.option("--preset", required=True, help="What to render for, such as instagram_reels.")
@click.option("--fit", type=click.Choice(["crop", "pad", "blur"]))
@click.option("--subtitles", type=VIDEO, help="A SubRip or WebVTT file.")
@WAIT
@DETACH
@click.pass_obj
def render(
    settings: Settings,
    clip: UUID,
    *,
    preset: str,
    fit: str | None,
    subtitles: Path | None,
    wait: int,
    detach: bool,
) -> None:
    """Render a clip for publishing."""
    options = _given({"fit": fit})
    if subtitles:
        text = subtitles.read_text(encoding="utf-8-sig")
        options["subtitles"] = {"vtt" if text.startswith("WEBVTT") else "srt": text}
    with settings.connect() as library:
        started = library.render(clip, preset, wait_seconds=wait, **options)
        if detach:
            print_item(started.job, "id", as_json=settings.as_json)
        else:
            _show_until_done(library, started.job.project_id)
            made = [each for each in library.exports(clip) if each.job_id == started.job.id]
            print_items(made, EXPORT_COLUMNS, as_json=settings.as_json)


@click.command()
@click.argument("project")
@click.pass_obj
def follow(settings: Settings, project: str) -> None:
    """Follow a project's job until it has ended."""
    with settings.connect() as library:
        _show_until_done(library, project)


@click.command()
@click.argument("project")
@click.pass_obj
def cancel(settings: Settings, project: str) -> None:
    """Cancel a project's job."""
    with settings.connect() as library:
        print_item(library.cancel(project), "outcome", as_json=settings.as_json)


def _finish_clips(settings: Settings, library: "SyncLibraryClient", job: "StartedJob") -> None:
    _show_until_done(library, job.project_id)
    made = [clip for clip in library.clips(job.project_id) if clip.job_id == job.id]
    print_items(made, CLIP_COLUMNS, as_json=settings.as_json)


def _show_until_done(library: "SyncLibraryClient", project: str) -> None:
    """Show progress until the job has ended. Raises JobNotCompleted."""
    from editai_client import JobNotCompleted  # noqa: PLC0415

    status, last = None, None
    with progress_on_stderr() as show:
        for last in library.follow(project):
            left = last.estimated_remaining
            remaining = "" if left is None else f"{left} s left"
            show(last.percentage, last.current_step, remaining)
            status = last.job and last.job.status
    if status not in (None, "completed"):
        raise JobNotCompleted(last)


def _segment(text: str) -> dict[str, Any]:
    source, _, times = text.rpartition(":")
    start, _, end = times.partition("-")
    try:
        return {"source_id": str(UUID(source)), "start": float(start), "end": float(end)}
    except ValueError:
        raise click.BadParameter(f"{text!r} is not SOURCE:START-END") from None


def _given(options: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value is not None}
