"""`python -m local`: the embedded stack's command line."""

import signal
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID


@contextmanager
def _quiet_interrupt() -> Generator[None]:
    """Lets Ctrl-C end the process without a traceback while modules are imported."""
    previous = signal.signal(signal.SIGINT, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGINT, previous)


with _quiet_interrupt():
    from local import commands
    from local.parts.supabase_api import Developer
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
    up.add_argument("--foreground", action="store_true", help="run in the foreground until Ctrl-C")
    up.add_argument("--database-only", action="store_true", help="without the functions")
    up.add_argument("--ports", help="gateway=8000,library=8001: use exactly these ports")
    up.add_argument(commands.TIED_TO, type=int, metavar="PID", help="stop with this parent process")
    up.set_defaults(command=commands.up, tied=False)
    down = subcommands.add_parser("down", help="stop the stack")
    down.set_defaults(command=commands.down)
    status = subcommands.add_parser("status", help="show the running processes and their URLs")
    status.set_defaults(command=commands.status)
    token = subcommands.add_parser("token", help="print a user's access token, valid for an hour")
    token.add_argument(
        "--user",
        type=UUID,
        default=UUID(Developer.id),
        help="the user's id; the default is the development user",
    )
    token.set_defaults(command=commands.token)
    environment = subcommands.add_parser(
        "environment", help="print the settings of the stack's functions, for a shell"
    )
    environment.set_defaults(command=commands.environment)
    demo = subcommands.add_parser("demo", help="turn a video into clips with the real functions")
    demo.set_defaults(command=_demo)
    for parser_with_stack in (up, down, status, token, environment, demo):
        parser_with_stack.add_argument(
            "--directory", type=Path, help="where its data is kept; default .local"
        )
    migrate = subcommands.add_parser("migrate", help="apply missing migrations to a database")
    migrate.add_argument("--db-url", required=True)
    migrate.add_argument(
        "--migrations", type=Path, help="a folder of migrations; default supabase/migrations"
    )
    migrate.set_defaults(command=commands.apply_migrations)
    migration = subcommands.add_parser("migration", help="write the next one from supabase/schemas")
    migration.add_argument("name", help="verb and noun: add_job_priority")
    migration.add_argument("--supabase", type=Path, default=SUPABASE, help="another folder")
    migration.add_argument("--code", type=Path, default=CODE, help="the file with SCHEMA_VERSION")
    migration.set_defaults(command=commands.write_migration)
    return parser


def _demo(options: Namespace) -> int:
    with _quiet_interrupt():
        from local import demo  # noqa: PLC0415 - only this command needs the client

    return demo.main(options.directory)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
