"""Webhooks and their deliveries."""

from uuid import UUID

import click

from editai_cli.output import print_item, print_items
from editai_cli.session import Settings

EVENTS = ("job.started", "job.completed", "job.failed", "job.cancelled")
WEBHOOK_COLUMNS = ("id", "url", "events", "disabled_reason")
DELIVERY_COLUMNS = ("id", "type", "job_id", "status", "attempt", "status_code", "error")
WEBHOOK = click.argument("webhook", type=click.UUID)


@click.group(invoke_without_command=True)
@click.pass_context
def webhooks(context: click.Context) -> None:
    """List your webhooks; or create or delete one, and see what it was sent."""
    if context.invoked_subcommand is None:
        settings: Settings = context.obj
        with settings.connect() as library:
            print_items(library.webhooks(), WEBHOOK_COLUMNS, as_json=settings.as_json)


@webhooks.command()
@click.argument("url", required=False)
@click.option("--event", "events", multiple=True, type=click.Choice(EVENTS))
@click.pass_obj
def create(settings: Settings, url: str | None, events: tuple[str, ...]) -> None:
    """Register a URL, and print the webhook's secret, which is not shown again.

    Without a URL: the webhook that signs what single jobs' webhook_url gets. Without --event: each end of a job.
    """
    with settings.connect() as library:
        created = library.create_webhook(url, events=events or None)
    print_item(created, "secret", as_json=settings.as_json)


@webhooks.command()
@WEBHOOK
@click.pass_obj
def delete(settings: Settings, webhook: UUID) -> None:
    """Delete a webhook with its deliveries."""
    with settings.connect() as library:
        library.delete_webhook(webhook)


@webhooks.command()
@WEBHOOK
@click.pass_obj
def rotate_secret(settings: Settings, webhook: UUID) -> None:
    """Give a webhook a new secret, and print it. The old one signs for a day more."""
    with settings.connect() as library:
        click.echo(library.rotate_webhook_secret(webhook))


@webhooks.command()
@WEBHOOK
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="How many.")
@click.pass_obj
def deliveries(settings: Settings, webhook: UUID, limit: int) -> None:
    """List what was and is to be sent to a webhook, newest first."""
    with settings.connect() as library:
        items = library.deliveries(webhook, at_most=limit)
        print_items(items, DELIVERY_COLUMNS, as_json=settings.as_json)


@webhooks.command()
@WEBHOOK
@click.argument("delivery", type=click.UUID)
@click.pass_obj
def redeliver(settings: Settings, webhook: UUID, delivery: UUID) -> None:
    """Send a delivery again."""
    with settings.connect() as library:
        print_item(library.redeliver(webhook, delivery), "status", as_json=settings.as_json)
