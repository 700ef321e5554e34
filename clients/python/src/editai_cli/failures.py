"""What a failed command prints, and its exit status."""

import os
import sys
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from enum import IntEnum
from typing import NoReturn

import click


class ExitStatus(IntEnum):
    """The exit statuses, as the README lists them. click uses 2 for wrong usage."""

    FAILED = 1
    BUSY = 3
    NOT_SIGNED_IN = 4
    UNAVAILABLE = 5
    INTERRUPTED = 130


class Failure(Exception):
    """A command has failed."""

    def __init__(self, message: str, status: ExitStatus = ExitStatus.FAILED) -> None:
        self.status = status
        super().__init__(message)


@contextmanager
def reported() -> Generator[None]:
    """Ends the program with a message on standard error and an exit status if the block fails."""
    try:
        yield
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except click.Abort:
        sys.exit(ExitStatus.INTERRUPTED)
    except BrokenPipeError:
        # The reader, such as head, has had enough. Python would complain at its end about what is left to print.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.dup2(nowhere, sys.stderr.fileno())
        sys.exit(ExitStatus.FAILED)
    except Failure as failure:
        _end(str(failure), failure.status)
    except Exception as error:
        status = next((known for kind, known in _statuses() if isinstance(error, kind)), None)
        if status is None:
            raise
        _end(_message(error), status)


def _end(message: str, status: ExitStatus) -> NoReturn:
    print(f"editai: {message}", file=sys.stderr)
    sys.exit(status)


def _statuses() -> Iterable[tuple[type[Exception], ExitStatus]]:
    """The exit status of each kind of exception, the special before the general."""
    import httpx  # noqa: PLC0415 - see the package's docstring

    import editai_client as client  # noqa: PLC0415
    from editai_client.supabase import SignInFailed  # noqa: PLC0415

    return (
        (client.ProjectBusy, ExitStatus.BUSY),
        (client.TooManyJobs, ExitStatus.BUSY),
        (client.Unauthenticated, ExitStatus.NOT_SIGNED_IN),
        (SignInFailed, ExitStatus.NOT_SIGNED_IN),
        (client.Unavailable, ExitStatus.UNAVAILABLE),
        (httpx.TransportError, ExitStatus.UNAVAILABLE),
        (client.LibraryError, ExitStatus.FAILED),
        (client.JobNotCompleted, ExitStatus.FAILED),
        (client.UploadExpired, ExitStatus.FAILED),
        (OSError, ExitStatus.FAILED),
    )


def _message(error: Exception) -> str:
    from editai_client import ProjectBusy  # noqa: PLC0415

    if isinstance(error, ProjectBusy) and error.job:
        return f"{error} It is held by job {error.job.id}."
    return str(error) or repr(error)
