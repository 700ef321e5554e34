"""`editai`: upload videos, start jobs, follow them and download what they made."""

import sys

import click

from editai_cli import clips, history, jobs, login, projects, uploads, webhooks
from editai_cli.failures import reported
from editai_cli.session import Settings


def main() -> None:
    """Run the command line."""
    with reported():
        cli.main(prog_name="editai", standalone_mode=False)
        sys.stdout.flush()


_EXIT_STATUSES = """\b
Exit status:
  0    done
  1    refused, or the job failed or was cancelled
  2    wrong usage
  3    the project is busy, or you have too many active jobs
  4    not signed in
  5    no connection, or the library is unavailable: try again
  130  interrupted
"""


@click.group(epilog=_EXIT_STATUSES, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--url", envvar="EDITAI_URL", help="The library's URL with its base path.")
@click.option("--token", envvar="EDITAI_TOKEN", help="A user's access token.")
@click.option("--json", "as_json", is_flag=True, help="Print results as JSON.")
@click.version_option(package_name="editai-client")
@click.pass_context
def cli(context: click.Context, url: str | None, token: str | None, *, as_json: bool) -> None:
    """Upload videos, start jobs, follow them and download what they made.

    EDITAI_URL and EDITAI_TOKEN are used unless the options are given; without them, what `editai login` has stored.
    """
    context.obj = Settings(url=url, token=token, as_json=as_json)


for command in (
    login.login,
    login.logout,
    projects.projects,
    uploads.upload,
    uploads.sources,
    uploads.delete_source,
    jobs.generate,
    jobs.segments,
    jobs.render,
    jobs.follow,
    jobs.cancel,
    history.jobs,
    history.job,
    clips.clips,
    clips.edit_clip,
    clips.delete_clip,
    clips.exports,
    clips.delete_export,
    clips.download,
    clips.presets,
    webhooks.webhooks,
):
    cli.add_command(command)
