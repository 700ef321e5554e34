"""Chooses the identity under which Postgres runs, because it refuses to run as root."""

import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from local.processes.process import launch_command

_NOBODY = 65534


@dataclass(frozen=True, kw_only=True)
class Identity:
    """An identity in the form that local/processes/launch.py takes, and the owner that its files need."""

    name: str
    owner: int

    def own(self, path: Path) -> None:
        """Changes the owner of a path to the identity if it is another one."""
        if path.stat().st_uid != self.owner:
            os.chown(path, self.owner, self.owner)


class NoIdentity(Exception):
    """Postgres cannot run under any identity that is available here."""


@cache
def identity_for(initdb: Path, checkout: Path) -> Identity:
    """Finds an identity under which Postgres's programs run and find each other.

    An ordinary user keeps its own identity. Root becomes the checkout's owner, or the user `nobody`. If neither works
    (a user without a name, a container with one user), a namespace provides another name.
    """
    for identity in _candidates(checkout):
        if _works(initdb, identity):
            return identity
    raise NoIdentity(
        "Postgres runs neither as root nor as a user without a name, and this process "
        "may not change its user. Run this as an ordinary user."
    )


def _candidates(checkout: Path) -> Iterator[Identity]:
    own = os.geteuid()
    if own != 0:
        yield Identity(name="same", owner=own)
    else:
        for uid in dict.fromkeys((checkout.stat().st_uid or _NOBODY, _NOBODY)):
            yield Identity(name=f"user:{uid}", owner=uid)
    yield Identity(name="namespace", owner=own)


def _works(initdb: Path, identity: Identity) -> bool:
    """Whether `initdb --show` works: it needs a named user other than root who can find the program `postgres`."""
    show = [str(initdb), "--show", "--pgdata=/nonexistent"]
    command = launch_command(show, identity=identity.name)
    return subprocess.run(command, check=False, capture_output=True).returncode == 0
