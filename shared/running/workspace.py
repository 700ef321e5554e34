"""A private work directory per attempt, removed when the attempt ends, or by the next one if the process died."""

import os
import shutil
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

PREFIX = "editai-job"


@contextmanager
def workspace(job_id: UUID, fencing_token: int) -> Generator[Path]:
    """A directory for one attempt, readable by this user only. Directories of killed processes are removed first."""
    root = Path(tempfile.gettempdir())
    _sweep(root)
    path = root / f"{PREFIX}-{os.getpid()}-{fencing_token}-{job_id}"
    path.mkdir(mode=0o700)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def _sweep(root: Path) -> None:
    for path in root.glob(f"{PREFIX}-*"):
        pid = int(path.name.removeprefix(f"{PREFIX}-").partition("-")[0])
        if not _is_alive(pid):
            shutil.rmtree(path, ignore_errors=True)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
