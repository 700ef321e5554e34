"""`python -m local`: the embedded stack's command line."""

import signal
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

USER_ID = UUID("8f2c1d6e-5b0a-4c57-9d43-2a7e6b91c0f4")
"""The one user of a stack on one machine: what was made with an earlier token is there with the next."""


@contextmanager
def _quiet_interrupt() -> Generator[None]:
    """Ends without a traceback on a Ctrl-C that comes while modules are imported."""
    usual = signal.signal(signal.SIGINT, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGINT, usual)


with _quiet_interrupt():
    from local import commands
    from local.schema.diff import DiffFailed
    from local.schema.files import SUPABASE
    from local.schema.version import CODE


def main(arguments: list[str]) -> int:
    """Runs one command and returns its exit status."""
    options = _parser().parse_args(arguments)
    command: Callable[[Namespace], int] = options.command
    try:
        return command(options)
    except (ValueError, commands.MigrationFailed, DiffFailed) as failure:
        print(failure, file=sys.stderr)
        return 2


def _parser() -> ArgumentParser:
    parser = ArgumentParser(prog="python -m local", description=__doc__)
    subcommands = parser.add_subparsers(required=True)
    up = subcommands.add_parser("up", help="start the stack and leave it running")
    up.add_argument("--foreground", action="store_true", help="stay with it until Ctrl-C")
    up.add_argument("--database-only", action="store_true", help="without the functions")
    up.add_argument("--ports", help="gateway=8000,library=8001: these ports or none")
    up.add_argument(commands.TIED_TO, type=int, metavar="PID", help="stop with this parent process")
    up.set_defaults(command=commands.up, tied=False)
    down = subcommands.add_parser("down", help="stop the stack")
    down.set_defaults(command=commands.down)
    status = subcommands.add_parser("status", help="show what runs and where")
    status.set_defaults(command=commands.status)
    token = subcommands.add_parser("token", help="print an hour's access token of a user")
    token.add_argument("--user", type=UUID, default=USER_ID, help="whose, the same one if left out")
    token.set_defaults(command=commands.token)
    demo = subcommands.add_parser("demo", help="show the system at work")
    demo.set_defaults(command=_demo)
    for parser_with_stack in (up, down, status, token, demo):
        parser_with_stack.add_argument(
            "--directory", type=Path, help="of its data, .local if left out"
        )
    migrate = subcommands.add_parser("migrate", help="apply missing migrations to a database")
    migrate.add_argument("--db-url", required=True)
    migrate.add_argument("--migrations", type=Path, help="another folder of migrations")
    migrate.set_defaults(command=commands.apply_migrations)
    migration = subcommands.add_parser("migration", help="write the next one from supabase/schemas")
    migration.add_argument("name", help="verb and noun: add_job_priority")
    migration.add_argument("--supabase", type=Path, default=SUPABASE, help="another folder")
    migration.add_argument("--code", type=Path, default=CODE, help="the file with SCHEMA_VERSION")
    migration.set_defaults(command=commands.write_migration)
    return parser


def _demo(options: Namespace) -> int:
    with _quiet_interrupt():
        from local import demo  # noqa: PLC0415 - needs the client, which other commands do not

    return demo.main(options.directory)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
