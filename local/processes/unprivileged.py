"""Which identity Postgres runs under: it refuses to be root."""

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
    """An identity as local/processes/launch.py understands it, and the owner its files need."""

    name: str
    owner: int

    def own(self, path: Path) -> None:
        """Gives a path to the identity where it is someone else's."""
        if path.stat().st_uid != self.owner:
            os.chown(path, self.owner, self.owner)


class NoIdentity(Exception):
    """Postgres can run under no identity that is at hand here."""


@cache
def identity_for(initdb: Path, checkout: Path) -> Identity:
    """Finds an identity under which Postgres's programs run and find each other.

    An ordinary user keeps their own. Root becomes the checkout's owner or nobody. Where neither
    will do (a user without a name, a container with one user) a namespace lends another name.
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
    """Has initdb show its settings: it does so under a named user, not root, who finds `postgres`."""
    show = [str(initdb), "--show", "--pgdata=/nonexistent"]
    command = launch_command(show, identity=identity.name)
    return subprocess.run(command, check=False, capture_output=True).returncode == 0
