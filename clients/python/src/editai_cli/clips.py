"""Clips and exports."""

from functools import partial
from pathlib import Path
from uuid import UUID

import click

from editai_cli.failures import Failure
from editai_cli.output import print_items, progress_on_stderr, transfer
from editai_cli.session import Settings

CLIP_COLUMNS = ("id", "variant_name", "duration_seconds", "width", "height", "size_bytes")
EXPORT_COLUMNS = ("id", "preset", "duration_seconds", "width", "height", "size_bytes")

PRESET_COLUMNS = ("name", "label", "width", "height", "frame_rate", "fits")


@click.command()
@click.argument("project", required=False)
@click.pass_obj
def clips(settings: Settings, project: str | None) -> None:
    """List the clips of a project, or of all your projects."""
    with settings.connect() as library:
        print_items(library.clips(project), CLIP_COLUMNS, as_json=settings.as_json)


@click.command()
@click.argument("clip", type=click.UUID)
@click.pass_obj
def exports(settings: Settings, clip: UUID) -> None:
    """List the final renders of a clip."""
    with settings.connect() as library:
        print_items(library.exports(clip), EXPORT_COLUMNS, as_json=settings.as_json)


@click.command()
@click.pass_obj
def presets(settings: Settings) -> None:
    """List what a clip can be rendered for."""
    with settings.connect() as library:
        print_items(library.export_presets(), PRESET_COLUMNS, as_json=settings.as_json)


@click.command()
@click.argument("clip", type=click.UUID)
@click.option("--name", help="A new name.")
@click.option("--select/--unselect", default=None, help="Whether it is chosen for publishing.")
@click.pass_obj
def edit_clip(settings: Settings, clip: UUID, name: str | None, *, select: bool | None) -> None:
    """Rename a clip, or select it for publishing."""
    if name is None and select is None:
        raise click.UsageError("Give --name, --select or --unselect.")
    with settings.connect() as library:
        library.update_clip(clip, variant_name=name, is_selected=select)


@click.command()
@click.argument("clip", type=click.UUID)
@click.pass_obj
def delete_clip(settings: Settings, clip: UUID) -> None:
    """Delete a clip with its final renders."""
    with settings.connect() as library:
        library.delete_clip(clip)


@click.command()
@click.argument("export", type=click.UUID)
@click.pass_obj
def delete_export(settings: Settings, export: UUID) -> None:
    """Delete a final render."""
    with settings.connect() as library:
        library.delete_export(export)


@click.command()
@click.argument("clip", type=click.UUID)
@click.option("--preset", help="The newest final render for this preset, instead of the clip.")
@click.option(
    "--to",
    type=click.Path(path_type=Path),
    default=Path(),
    help="A folder, or a file's name; default the current folder.",
)
@click.pass_obj
def download(settings: Settings, clip: UUID, preset: str | None, to: Path) -> None:
    """Download a clip, or a final render of it, and print the file's path."""
    with settings.connect() as library:
        if preset is None:
            url, name = library.clip(clip).video_url, f"{clip}.mp4"
        else:
            made = [each for each in library.exports(clip) if each.preset == preset]
            url, name = made[0].video_url if made else None, f"{clip}-{preset}.mp4"
        if url is None:
            raise Failure("There is no such file yet.")
        target = to / name if to.is_dir() else to
        with progress_on_stderr() as show:
            library.download(url, target, on_received=partial(transfer, show, "Downloading"))
    click.echo(target)
