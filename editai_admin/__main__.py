"""The command line of editai-admin: `python -m editai_admin`, or `editai-admin` where the project is installed."""

import asyncio
import sys
from argparse import ArgumentParser, Namespace

from editai_admin import commands
from editai_admin.environment import load_environment
from editai_admin.printing import show
from shared.errors import EditAIError
from shared.settings import MissingSettings

FAILED, FOUND = 2, 1


def main(arguments: list[str] | None = None) -> int:
    """Run one command. Returns 0; 1 if it found something wrong, or nothing to act on; 2 if it could not run."""
    options = parser().parse_args(arguments)
    load_environment()
    try:
        result = asyncio.run(_run(options))
    except (EditAIError, MissingSettings) as error:
        print(f"editai-admin: {error}", file=sys.stderr)
        return FAILED
    show(result, as_json=options.json)
    return 0 if result.is_well else FOUND


async def _run(options: Namespace) -> commands.Result:
    try:
        return await options.command(options)
    finally:
        await commands.close()


def parser() -> ArgumentParser:
    """The parser of all commands."""
    root = ArgumentParser(prog="editai-admin", description="Watch and repair EditAI's jobs.")
    common = ArgumentParser(add_help=False)
    common.add_argument("--json", action="store_true", help="print JSON")
    actions = root.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, command: commands.Command, text: str) -> ArgumentParser:
        added = actions.add_parser(name, help=text, description=text, parents=[common])
        added.set_defaults(command=command)
        return added

    add("doctor", commands.doctor, "Check everything, and say what is wrong and what to do.")
    why = add("why", commands.why, "Say why a job is not done, or why it failed.")
    story = add("job", commands.job, "Show one job's whole story.")
    for command in (why, story):
        command.add_argument("job", help="a job's id, or a project's for its newest job")
    listed = add("jobs", commands.jobs, "List the newest jobs.")
    listed.add_argument(
        "--status", choices=("queued", "running", "completed", "failed", "cancelled")
    )
    listed.add_argument("--kind")
    listed.add_argument("--project")
    listed.add_argument("--limit", type=int, default=20)
    add("leases", commands.leases, "List the leases that are held or have expired unreclaimed.")
    add("queue", commands.queue, "Show how many jobs of each kind wait and run.")
    add("workers", commands.workers, "List the workers that hold a job, and the drains.")
    add("cleanup", commands.cleanup, "Show how the last cleanup ended.")
    cancel = add("cancel", commands.cancel, "Cancel a project's active job.")
    cancel.add_argument("project", help="a project's id")
    requeue = add("requeue", commands.requeue, "Take a job from its worker and queue it again.")
    requeue.add_argument("job", help="a job's id")
    drain = add("drain", commands.drain, "Give a worker no further jobs.")
    drain.add_argument(
        "--now", action="store_true", help="queue the jobs that it runs again, for other workers"
    )
    resume = add("resume", commands.resume, "End a drain.")
    for command in (drain, resume):
        which = command.add_mutually_exclusive_group(required=True)
        which.add_argument(
            "holder", nargs="?", help="the beginning of its name, as workers lists it"
        )
        which.add_argument("--all", action="store_true", help="all workers")
    return root


if __name__ == "__main__":
    sys.exit(main())
