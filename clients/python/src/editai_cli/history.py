"""Jobs of the past and present: list them, and read one."""

from uuid import UUID

import click

from editai_cli.output import print_items
from editai_cli.session import Settings

STATUSES = ("queued", "running", "completed", "failed", "cancelled")
COLUMNS = ("id", "status", "kind", "project_id", "attempt", "created_at", "finished_at", "error")


@click.command()
@click.option("--project", help="Only of this project.")
@click.option("--status", type=click.Choice(STATUSES), help="Only with this status.")
@click.option("--kind", help="Only of this kind, such as raw_clips.")
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="How many.")
@click.pass_obj
def jobs(
    settings: Settings, project: str | None, status: str | None, kind: str | None, limit: int
) -> None:
    """List your jobs, newest first."""
    with settings.connect() as library:
        items = library.jobs(project, status=status, kind=kind, at_most=limit)
        print_items(items, COLUMNS, as_json=settings.as_json)


@click.command()
@click.argument("job", type=click.UUID)
@click.pass_obj
def job(settings: Settings, job: UUID) -> None:
    """Read one job; with --json also its params and its result."""
    with settings.connect() as library:
        found = library.job(job)
    if settings.as_json:
        click.echo(found.model_dump_json(indent=2))
    else:
        print_items([found], COLUMNS, as_json=False)
