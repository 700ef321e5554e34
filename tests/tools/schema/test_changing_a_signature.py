"""A function gets a parameter while programs call it as before: dropped and created in one transaction."""

import re
import secrets
import threading
from collections.abc import AsyncIterator, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest

from local.parts.postgrest import postgrest_part
from local.processes.process import Process
from local.programs import base_environment
from local.schema.catalog import Catalog, read_catalog_of
from local.schema.migrations import migrate
from local.schema.scratch import new_database
from local.stack.ports import claim_free_port
from shared.database.refusals import Refusal, classify
from tests.support.backend import Backend
from tests.support.waiting import eventually
from tests.tools.schema.conftest import Change

CALLERS = 4
TRANSIENT = (Refusal.NOT_APPLIED, Refusal.UNKNOWN)


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """A database of its own behind a PostgREST of its own, before the migration."""

    url: str
    api: str
    key: str

    def client(self) -> httpx.Client:
        return httpx.Client(base_url=self.api, headers={"Authorization": f"Bearer {self.key}"})


@pytest.fixture
async def deployment(backend: Backend, change: Change, tmp_path: Path) -> AsyncIterator[Deployment]:
    name = f"{backend.database}_rolling"
    url = new_database(backend.server, name)
    before = tmp_path / "before"
    before.mkdir()
    for file in change.copy.migrations[:-1]:
        (before / file.name).write_bytes(file.read_bytes())
    migrate(url, directory=before, say=lambda _line: None)
    claim = claim_free_port()
    process = Process(
        postgrest_part(
            port=claim.number,
            database_url=backend.server.url(user="authenticator", database=name),
            jwt_secret=backend.keys.jwt_secret,
            log=tmp_path / "postgrest.log",
            environment=base_environment(backend.directory),
        )
    )
    try:
        process.wait_ready()
        key = backend.keys.api_key("service_role")
        deployment = Deployment(url=url, api=f"http://127.0.0.1:{claim.number}/rpc/", key=key)
        with deployment.client() as client:  # it listens before it has read the schema
            await eventually(lambda: post(client, "schema_version").is_success)
        yield deployment
    finally:
        process.stop()
        claim.release()


def start(client: httpx.Client, project: str, **more: Any) -> httpx.Response:
    """Starts a job as the code did before the migration, unless it is given more."""
    arguments: dict[str, Any] = {
        "project_id": project,
        "owner_id": None,
        "job_id": str(uuid4()),
        "kind": "raw_clips",
        "params": {},
        "lease_id": str(uuid4()),
        "holder": "dispatch",
        "dispatch_ttl_seconds": 30,
        "deadline_seconds": 100,
        "max_attempts": 3,
        **more,
    }
    return post(client, "start_job", **arguments)


def post(client: httpx.Client, function: str, **arguments: Any) -> httpx.Response:
    body = {f"p_{name}": value for name, value in arguments.items()}
    return client.post(f"editai_{function}", json=body)


def new_project(client: httpx.Client) -> str:
    project = secrets.token_hex(8)
    response = post(client, "create_project", owner_id=str(uuid4()), name="x", project_id=project)
    assert response.status_code == 200, response.text
    return project


@dataclass(kw_only=True)
class Calls:
    """What programs of the version before were told, by several callers at once."""

    deployment: Deployment
    outcomes: list[str] = field(default_factory=list[str])
    wrong: list[str] = field(default_factory=list[str])
    transient: list[str] = field(default_factory=list[str])
    ending: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        with self.deployment.client() as client:
            while not self.ending.is_set():
                project = new_project(client)
                self._expect("started", client, project)
                self._expect("busy", client, project)

    def _expect(self, outcome: str, client: httpx.Client, project: str) -> None:
        """A transient response is repeated, as the library's client does: with the same ids."""
        ids = {"job_id": str(uuid4()), "lease_id": str(uuid4())}
        response = start(client, project, **ids)
        if not response.is_success and classify(response.json()["code"]) in TRANSIENT:
            self.transient.append(response.json()["code"])
            response = start(client, project, **ids)
        told = response.json().get("outcome", response.text)
        self.outcomes.append(told)
        if told != outcome:
            self.wrong.append(f"{told}, not {outcome}")


@contextmanager
def calling(deployment: Deployment) -> Generator[Calls]:
    calls = Calls(deployment=deployment)
    threads = [threading.Thread(target=calls.run) for _ in range(CALLERS)]
    for thread in threads:
        thread.start()
    try:
        yield calls
    finally:
        calls.ending.set()
        for thread in threads:
            thread.join()


def start_job_of(catalog: Catalog) -> dict[str, Any]:
    """All functions of this name; there is one."""
    named = [facts for name, facts in catalog.items() if "public.editai_start_job(" in name]
    assert len(named) == 1
    return dict(named[0])


async def test_every_call_of_the_code_before_gets_a_right_response(
    deployment: Deployment, change: Change
) -> None:
    rights = start_job_of(read_catalog_of(deployment.url))["grants"]
    with calling(deployment) as calls:
        await eventually(lambda: len(calls.outcomes) > 20 * CALLERS)
        migrate(deployment.url, directory=change.copy.migrations[0].parent, say=lambda _line: None)
        migrated_at = len(calls.outcomes)
        await eventually(lambda: len(calls.outcomes) > migrated_at + 20 * CALLERS)
    assert calls.wrong == []
    assert set(calls.transient) <= {"XX000"}
    assert len(calls.transient) <= CALLERS

    after = start_job_of(read_catalog_of(deployment.url))
    assert after["grants"] == rights == ["service_role EXECUTE"]
    assert after["comment"] == "starts a job"
    with deployment.client() as client:
        assert start(client, new_project(client)).json()["outcome"] == "started"

        def takes_the_new_parameter() -> bool:
            response = start(client, new_project(client), zz_example=7)
            return response.is_success and response.json()["job"]["zz_example"] == 7

        assert await eventually(takes_the_new_parameter)  # once PostgREST has read the schema again


async def test_create_or_replace_alone_makes_every_start_fail(
    deployment: Deployment, change: Change
) -> None:
    """Why the function is dropped: with a parameter more it would be a second one, and both fit the call."""
    without_drop = re.sub(
        r"drop function public\.editai_start_job\(.*?\);", "", change.migration, flags=re.DOTALL
    )
    without_comment = re.sub(r"comment on function .*?;", "", without_drop, flags=re.DOTALL)
    with psycopg.connect(deployment.url) as connection:
        connection.execute(without_comment.encode())
    with deployment.client() as client:
        project = new_project(client)
        refusals: list[tuple[int, str]] = []

        def is_refused_by_postgrest() -> bool:
            response = start(client, project)
            refusals.append((response.status_code, response.json()["code"]))
            return response.status_code == 300

        assert await eventually(is_refused_by_postgrest)
    # By Postgres itself, until PostgREST has read the schema again.
    assert set(refusals) - {(400, "42725")} == {(300, "PGRST203")}
