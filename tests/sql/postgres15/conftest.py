"""Debian's PostgreSQL 15 with pg_cron, beside the tests' own; local/setup/debian_postgres.sh fetches it if it can."""

import secrets
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import psycopg
import pytest
from psycopg.rows import dict_row

from local.parts.postgres import can_connect
from local.processes.process import Part, Process, launch_command
from local.processes.unprivileged import Identity, identity_for
from local.programs import CHECKOUT
from local.schema.migrations import migrate
from local.stack.ports import claim_free_port
from tests.support.database import Connection

DEBIAN = CHECKOUT / ".local" / "debian-postgres"
PROGRAMS = DEBIAN / "usr" / "lib" / "postgresql" / "15" / "bin"
BOOTSTRAP = CHECKOUT / "local" / "parts" / "bootstrap.sql"


_MISSING = (
    "the tests of Debian's PostgreSQL 15 are skipped: local/setup/debian_postgres.sh fetches it"
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skips the tests of this folder where the server is missing."""
    if not PROGRAMS.exists():
        for item in items:
            if item.path.is_relative_to(Path(__file__).parent):
                item.add_marker(pytest.mark.skip(reason=_MISSING))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Says how to fetch the server; pytest shows the reason of a skip only with -rs."""
    if not PROGRAMS.exists():
        terminalreporter.write_line(_MISSING)


@dataclass(frozen=True, kw_only=True)
class Postgres15:
    """A running server; its one database `postgres` is as a new Supabase project's."""

    port: int
    process: Process

    def url(self, user: str) -> str:
        return f"postgresql://{user}@127.0.0.1:{self.port}/postgres"

    def connect(self, user: str) -> Connection:
        return Connection.connect(self.url(user), autocommit=True, row_factory=dict_row)

    def migrate(self) -> None:
        migrate(self.url("postgres"), say=lambda _line: None)


@cache
def _environment() -> dict[str, str]:
    libraries = next((DEBIAN / "usr" / "lib").glob("*-linux-gnu"))
    return {"LD_LIBRARY_PATH": str(libraries), "LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin"}


def _identity() -> Identity:
    return identity_for(PROGRAMS / "initdb", CHECKOUT)


@pytest.fixture(scope="session")
def fresh_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data directory of a server that was never started."""
    folder = tmp_path_factory.mktemp("cron")
    # Postgres does not run as root, and the user it runs as must be able to get here.
    for parent in (folder, *folder.parents[:2]):
        parent.chmod(parent.stat().st_mode | 0o711)
    data = folder / "data"
    data.mkdir(mode=0o700)
    _identity().own(data)
    options = ["--username=supabase_admin", "--auth=trust", "--encoding=UTF8", "--no-sync"]
    initdb = [str(PROGRAMS / "initdb"), f"--pgdata={data}", *options]
    command = launch_command(initdb, identity=_identity().name)
    subprocess.run(command, env=_environment(), check=True, capture_output=True)
    return data


@pytest.fixture
def postgres15(fresh_data: Path) -> Iterator[Postgres15]:
    """A server of its own for each test: pg_cron serves one database of a server."""
    data = fresh_data.with_name(secrets.token_hex(8))
    subprocess.run(["cp", "-a", str(fresh_data), str(data)], check=True)
    claim = claim_free_port()
    settings = {
        "port": str(claim.number),
        "listen_addresses": "127.0.0.1",
        "unix_socket_directories": "",
        "wal_level": "logical",
        "fsync": "off",
        "shared_preload_libraries": "pg_cron",
        "cron.database_name": "postgres",
        "cron.host": "127.0.0.1",
    }
    flags = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    server = Postgres15(
        port=claim.number,
        process=Process(
            Part(
                name="postgres15",
                command=[str(PROGRAMS / "postgres"), "-D", str(data), *flags],
                log=fresh_data.with_name("postgres.log"),
                is_ready=lambda: can_connect(
                    f"postgresql://supabase_admin@127.0.0.1:{claim.number}/postgres"
                ),
                environment=_environment(),
                identity=_identity().name,
            )
        ),
    )
    try:
        server.process.wait_ready()
        with psycopg.connect(server.url("supabase_admin")) as connection:
            connection.execute(BOOTSTRAP.read_bytes())
            connection.execute("alter database postgres owner to postgres")
            connection.execute("alter schema public owner to postgres")
        yield server
    finally:
        server.process.stop()
        claim.release()


@pytest.fixture
def admin(postgres15: Postgres15) -> Iterator[Connection]:
    connection = postgres15.connect("supabase_admin")
    yield connection
    connection.close()


@pytest.fixture
def owner(postgres15: Postgres15) -> Iterator[Connection]:
    """The role that owns the schema, and that scheduled commands run as."""
    connection = postgres15.connect("postgres")
    yield connection
    connection.close()


@pytest.fixture
def with_pg_cron(admin: Connection) -> None:
    """What Supabase does when pg_cron is switched on."""
    admin.execute("create extension pg_cron")
    admin.execute("grant usage on schema cron to postgres with grant option")
    admin.execute("grant all on all tables in schema cron to postgres with grant option")


@pytest.fixture
def with_pg_net_and_vault(admin: Connection) -> Path | None:
    """The faces that pg_net and Vault show; requests and secrets are rows of tables."""
    admin.execute("""
        create schema net;
        create table net.sent (
          id bigint generated always as identity, url text, body jsonb, headers jsonb, milliseconds int);
        create function net.http_post(
          url text, body jsonb default '{}', params jsonb default '{}',
          headers jsonb default '{}', timeout_milliseconds int default 5000)
        returns bigint language sql as $$
          insert into net.sent (url, body, headers, milliseconds)
          values (url, body, headers, timeout_milliseconds) returning id $$;
        create schema vault;
        create table vault.decrypted_secrets (name text, decrypted_secret text);
        grant usage on schema net, vault to postgres;
        grant select on vault.decrypted_secrets to postgres;
        grant all on net.sent to postgres;
    """)
