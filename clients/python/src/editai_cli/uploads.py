"""Sources: upload, list and delete them."""

from functools import partial
from pathlib import Path
from uuid import UUID

import click

from editai_cli.output import print_item, print_items, progress_on_stderr, transfer
from editai_cli.session import Settings, state_directory

SOURCE_COLUMNS = ("id", "status", "file_name", "duration_seconds", "width", "height", "size_bytes")
PROJECT = click.option("--project", required=True, help="The project's id.")
VIDEO = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.argument("video", type=VIDEO)
@PROJECT
@click.pass_obj
def upload(settings: Settings, video: Path, project: str) -> None:
    """Upload a video and print its source's id.

    An upload that was interrupted goes on where it stopped when the command is run again.
    """
    from editai_client import UploadMemory  # noqa: PLC0415

    memory = UploadMemory(state_directory() / "uploads")
    with settings.connect() as library, progress_on_stderr() as show:
        source = library.upload(
            project, video, on_sent=partial(transfer, show, "Uploading"), memory=memory
        )
    print_item(source, "id", as_json=settings.as_json)


@click.command()
@click.argument("project")
@click.pass_obj
def sources(settings: Settings, project: str) -> None:
    """List the sources of a project."""
    with settings.connect() as library:
        print_items(library.sources(project), SOURCE_COLUMNS, as_json=settings.as_json)


@click.command()
@click.argument("source", type=click.UUID)
@click.pass_obj
def delete_source(settings: Settings, source: UUID) -> None:
    """Delete a source; clips made from it stay."""
    with settings.connect() as library:
        library.delete_source(source)
