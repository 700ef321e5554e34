"""A Postgres server that is thrown away, and databases in it as a new Supabase project has them."""

import secrets
import shutil
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql

from local.parts.postgres import FAST, Server
from local.processes.process import Process
from local.programs import base_environment

# Any number will do, as long as every process takes the same one.
_BOOTSTRAP_LOCK = 7_264_418_903_116


@contextmanager
def scratch_server(port: int) -> Generator[Server]:
    """Starts Postgres on a port, its data in a temporary directory; stops it and removes them at the end."""
    directory = Path(tempfile.mkdtemp(prefix="editai-schema-"))
    directory.chmod(0o711)
    password = secrets.token_urlsafe(24)
    server = Server(
        directory=directory / "postgres",
        port=port,
        admin_password=password,
        postgres_password=password,
        authenticator_password=password,
        settings=FAST,
    )
    try:
        server.create_data()
        process = Process(server.part(directory / "postgres.log", base_environment(directory)))
        try:
            process.wait_ready()
            server.bootstrap()
            yield server
        finally:
            process.stop()
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def new_database(server: Server, name: str) -> str:
    """Makes an empty database, in place of an earlier one of that name; returns its URL."""
    database = sql.Identifier(name)
    url = server.url(user="supabase_admin")
    with psycopg.connect(url, autocommit=True, connect_timeout=10) as connection:
        # What it does to roles is for the whole server, where two at once fail with "tuple concurrently updated".
        connection.execute("select pg_advisory_lock(%s)", [_BOOTSTRAP_LOCK])
        connection.execute(sql.SQL("drop database if exists {} with (force)").format(database))
        connection.execute(sql.SQL("create database {} owner postgres").format(database))
        server.bootstrap(name)
    return server.url(database=name)
