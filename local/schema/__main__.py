"""`make migration NAME=add_job_priority`: writes the next migration from the changed files of supabase/schemas."""

import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path

from local.schema import version
from local.schema.diff import DiffFailed
from local.schema.files import SUPABASE, SchemaFilesWrong
from local.schema.migrations import MigrationFailed
from local.schema.scratch import scratch_server
from local.schema.writing import Writer, Written


def main(arguments: list[str]) -> int:
    """Writes a migration. Returns 1 if it needs a statement written by hand, and 2 if none could be written."""
    options = _options(arguments)
    try:
        with scratch_server() as server:
            writer = Writer(server=server, supabase=options.supabase, code=options.code)
            written = writer.write(options.name)
    except (SchemaFilesWrong, DiffFailed, MigrationFailed) as failure:
        print(failure, file=sys.stderr)
        return 2
    if written is None:
        print("The migrations give what supabase/schemas says: there is nothing to write.")
        return 0
    return _report(written)


def _report(written: Written) -> int:
    print(f"{written.file} is written. Read it; edit its first line to say why.")
    if not written.left:
        return 0
    print("It is not complete. Write by hand what is left:", file=sys.stderr)
    for difference in written.left:
        print(f"  {difference}", file=sys.stderr)
    return 1


def _options(arguments: list[str]) -> Namespace:
    parser = ArgumentParser(prog="python -m local.schema", description=__doc__)
    parser.add_argument("name", help="verb and noun: add_job_priority")
    parser.add_argument("--supabase", type=Path, default=SUPABASE, help="another supabase folder")
    parser.add_argument(
        "--code", type=Path, default=version.CODE, help="the file with SCHEMA_VERSION"
    )
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
