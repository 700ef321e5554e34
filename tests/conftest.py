"""Fixtures: the backend of this test process, its database, clock, users and functions."""

import os
import subprocess
from collections.abc import AsyncIterator, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import imageio_ffmpeg  # pyright: ignore[reportMissingTypeStubs]
import pytest

from local.programs import CHECKOUT
from tests.support.backend import Backend
from tests.support.database import Clock, Connection, Database, reset
from tests.support.functions import FunctionProcess
from tests.support.postgres.cluster import Access, Cluster
from tests.support.supabase_api import SupabaseApiProcess
from tests.support.users import User, Users

SAMPLE = CHECKOUT / "assets" / "sample.mp4"

_cluster = pytest.StashKey[Cluster]()
_backend = pytest.StashKey[Backend]()


def pytest_configure(config: pytest.Config) -> None:
    """Chooses this process's backend and puts its settings into the environment.

    This happens before any test module is imported, and with it any function.
    """
    if config.option.collectonly or config.option.help or _is_distributor(config):
        return
    worker: dict[str, Any] | None = getattr(config, "workerinput", None)
    access = Access(**worker["cluster"]) if worker else _start_cluster(config).access
    backend = Backend(name=worker["workerid"] if worker else "main", access=access)
    config.stash[_backend] = backend
    for name, value in backend.project.environment().items():
        os.environ[name] = value


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Passes the address of the run's one Postgres to each process that xdist starts."""
    node.workerinput["cluster"] = asdict(_start_cluster(node.config).access)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stops Postgres in the process that started it."""
    if cluster := config.stash.get(_cluster, None):
        cluster.stop()


@pytest.fixture(scope="session")
def backend(request: pytest.FixtureRequest) -> Iterator[Backend]:
    """The database, PostgREST and gateway of this test process, running."""
    backend = request.config.stash[_backend]
    try:
        backend.start()
        yield backend
    finally:
        backend.stop()


@pytest.fixture(scope="session")
def _admin_of_all_tests(backend: Backend) -> Iterator[Connection]:
    database = Database.of(backend)
    connection = database.connect("supabase_admin")
    yield connection
    connection.close()


@pytest.fixture
def fresh_state(backend: Backend, _admin_of_all_tests: Connection) -> Backend:
    """Empty tables and storage, and the correct time. Every fixture that touches the backend depends on this."""
    reset(backend, _admin_of_all_tests)
    return backend


@pytest.fixture
async def database(fresh_state: Backend) -> AsyncIterator[Database]:
    """Opens connections under any role: `database.connect("authenticated", user_id=...)`."""
    database = Database.of(fresh_state)
    yield database
    await database.close()


@pytest.fixture
def admin(database: Database) -> Connection:
    """A connection as the superuser."""
    return database.connect("supabase_admin")


@pytest.fixture
def service_role(database: Database) -> Connection:
    """A connection under the role that the functions use."""
    return database.connect("service_role")


@pytest.fixture
def clock(admin: Connection) -> Clock:
    """The database's clock: `clock.advance(60)` moves it for all connections."""
    return Clock(connection=admin)


@pytest.fixture(scope="session")
def users(request: pytest.FixtureRequest) -> Users:
    """Makes users and tokens."""
    return Users(backend=request.config.stash[_backend])


@pytest.fixture
def user(users: Users) -> User:
    """A signed-in user."""
    return users.new()


@pytest.fixture
def supabase_api(fresh_state: Backend) -> SupabaseApiProcess:
    """Auth, Storage and Realtime behind the gateway."""
    fresh_state.supabase_api.start()
    return fresh_state.supabase_api


@pytest.fixture
def library(fresh_state: Backend) -> FunctionProcess:
    """The library in a process of its own."""
    return _started(fresh_state, "library")


@pytest.fixture
def worker(fresh_state: Backend) -> FunctionProcess:
    """The worker in a process of its own."""
    return _started(fresh_state, "worker")


@pytest.fixture
def lease_cleanup(fresh_state: Backend) -> FunctionProcess:
    """Lease cleanup in a process of its own; only the test triggers it."""
    return _started(fresh_state, "lease_cleanup")


def _started(backend: Backend, name: str) -> FunctionProcess:
    function = backend.functions[name]
    function.start()
    return function


def _start_cluster(config: pytest.Config) -> Cluster:
    if _cluster not in config.stash:
        config.stash[_cluster] = Cluster.start()
    return config.stash[_cluster]


def _is_distributor(config: pytest.Config) -> bool:
    """True if this process only distributes tests to others."""
    return not hasattr(config, "workerinput") and bool(getattr(config.option, "numprocesses", None))


@pytest.fixture(scope="session")
def small_video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample made small, for tests that are not about encoding: 12 s, 320x180, with cuts and sound."""
    video = tmp_path_factory.mktemp("footage") / "small.mp4"
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", SAMPLE, "-t", "12"]
    command += ["-vf", "scale=320:180", "-preset", "ultrafast", "-c:a", "aac", video]
    subprocess.run(command, check=True)
    return video
