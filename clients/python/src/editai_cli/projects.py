"""Projects."""

import click

from editai_cli.output import print_item, print_items
from editai_cli.session import Settings


@click.group(invoke_without_command=True)
@click.pass_context
def projects(context: click.Context) -> None:
    """List your projects; or create, rename or delete one."""
    if context.invoked_subcommand is None:
        settings: Settings = context.obj
        with settings.connect() as library:
            columns = ("id", "status", "name")
            print_items(library.projects(), columns, as_json=settings.as_json)


@projects.command()
@click.argument("name")
@click.pass_obj
def create(settings: Settings, name: str) -> None:
    """Create a project and print its id."""
    with settings.connect() as library:
        print_item(library.create_project(name), "id", as_json=settings.as_json)


@projects.command()
@click.argument("project")
@click.argument("name")
@click.pass_obj
def rename(settings: Settings, project: str, name: str) -> None:
    """Rename a project."""
    with settings.connect() as library:
        library.rename_project(project, name)


@projects.command()
@click.argument("project")
@click.pass_obj
def delete(settings: Settings, project: str) -> None:
    """Delete a project with everything in it."""
    with settings.connect() as library:
        library.delete_project(project)
