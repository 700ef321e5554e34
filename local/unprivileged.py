"""Which identity Postgres runs under: it refuses to be root."""

import os
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from local.process import launch_command

_NOBODY = 65534


@dataclass(frozen=True, kw_only=True)
class Identity:
    """An identity as local/launch.py understands it, and the owner its files need."""

    name: str
    owner: int

    def own(self, path: Path) -> None:
        """Gives a path to the identity where it is someone else's."""
        if path.stat().st_uid != self.owner:
            os.chown(path, self.owner, self.owner)


class NoIdentity(Exception):
    """Root cannot lend its rights to anyone here."""


@cache
def identity_for(program: Path, checkout: Path) -> Identity:
    """Finds an identity under which the program starts.

    An ordinary user keeps their own. Root becomes the checkout's owner, or nobody; where that
    is not allowed (one user mapped in a container), root under another name in a user namespace.
    """
    if os.geteuid() != 0:
        return Identity(name="same", owner=os.geteuid())
    owner = checkout.stat().st_uid or _NOBODY
    for identity in (
        Identity(name=f"user:{owner}", owner=owner),
        Identity(name="namespace", owner=0),
    ):
        if _starts(program, identity):
            return identity
    raise NoIdentity(
        "Postgres does not run as root, and root may not change its user here. "
        "Run this as an ordinary user."
    )


def _starts(program: Path, identity: Identity) -> bool:
    command = launch_command([str(program), "--version"], identity=identity.name)
    return subprocess.run(command, check=False, capture_output=True).returncode == 0
