"""One Postgres for a whole test run, with a migrated template database that others are cloned from."""

import secrets
import shutil
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from local.parts.postgres import FAST, Server
from local.processes.process import Process
from local.programs import base_environment
from local.schema.migrations import migrate
from local.stack.directory import SupervisorLock
from local.stack.ports import PortClaim, claim_free_port

TEMPLATE = "editai_template"
_CLOCK = Path(__file__).with_name("clock.sql")
_PREFIX = "editai-tests-"
_STALE_SECONDS = 60


@dataclass(frozen=True, kw_only=True)
class Access:
    """How the processes of a run connect to its Postgres."""

    directory: str
    port: int
    password: str

    def server(self) -> Server:
        """The server, for any process of the run."""
        return Server(
            directory=Path(self.directory) / "postgres",
            port=self.port,
            admin_password=self.password,
            postgres_password=self.password,
            authenticator_password=self.password,
            settings=FAST,
        )


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """The running Postgres of a test run, owned by the process that started it."""

    access: Access
    claim: PortClaim
    process: Process
    lock: SupervisorLock

    @classmethod
    def start(cls) -> "Cluster":
        """Starts Postgres on a free port, with its data in a temporary directory, and fills the template."""
        _remove_stale_directories()
        directory = Path(tempfile.mkdtemp(prefix=_PREFIX))
        directory.chmod(0o711)
        lock = SupervisorLock(directory / "lock")
        lock.acquire()
        claim = claim_free_port()
        password = secrets.token_urlsafe(24)
        access = Access(directory=str(directory), port=claim.number, password=password)
        server = access.server()
        server.create_data()
        process = Process(server.part(directory / "postgres.log", base_environment(directory)))
        process.wait_ready()
        _fill_template(server)
        return cls(access=access, claim=claim, process=process, lock=lock)

    def stop(self) -> None:
        """Stops Postgres and removes the run's data."""
        self.process.stop()
        self.claim.release()
        shutil.rmtree(self.access.directory, ignore_errors=True)


def clone_template(server: Server, database: str) -> None:
    """Creates a database from the template."""
    with psycopg.connect(server.url(user="supabase_admin"), autocommit=True) as connection:
        create = sql.SQL("create database {} template {} owner postgres")
        connection.execute(create.format(sql.Identifier(database), sql.Identifier(TEMPLATE)))


def _fill_template(server: Server) -> None:
    server.bootstrap()
    with psycopg.connect(server.url(user="supabase_admin"), autocommit=True) as connection:
        connection.execute(f"create database {TEMPLATE} owner postgres")
    server.bootstrap(TEMPLATE)
    migrate(server.url(database=TEMPLATE), say=lambda _line: None)
    with psycopg.connect(server.url(database=TEMPLATE)) as connection:
        connection.execute(_CLOCK.read_bytes())


def _remove_stale_directories() -> None:
    """Removes directories that killed runs left behind."""
    for directory in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        with suppress(FileNotFoundError):  # another run may be removing its own
            old = time.time() - directory.stat().st_mtime > _STALE_SECONDS
            if old and SupervisorLock(directory / "lock").holder() is None:
                shutil.rmtree(directory, ignore_errors=True)
