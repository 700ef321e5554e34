"""What four generators make of the OpenAPI document compiles strictly, and starts, follows and cancels a job."""

import json
from pathlib import Path

import httpx
import pytest

from tests.clients.generators.generating import (
    PYTHON_PACKAGE,
    check_python,
    check_typescript,
    command_of,
    generate_all,
    run,
)
from tests.support.backend import Backend
from tests.support.functions import FunctionProcess
from tests.support.library_client import Api
from tests.support.users import User

PROGRAMS = ("openapi_typescript.ts", "hey_api.ts", "orval.ts", "openapi_python_client.py")
TOLD = {
    "problem": "urn:editai:problem:project-busy",
    "followed": True,
    "cancelled": "cancelled",
    "outcome": "cancelled",
    "percentage": 0,
}


@pytest.fixture(scope="session")
def generated(tmp_path_factory: pytest.TempPathFactory, backend: Backend) -> Path:
    """A folder with the clients of all generators."""
    library = backend.functions["library"]
    library.start()
    folder = tmp_path_factory.mktemp("generated")
    generate_all(httpx.get(f"{library.url}/openapi.json", timeout=60).text, folder)
    return folder


def test_the_typescript_compiles_strictly(generated: Path) -> None:
    check_typescript(generated)


def test_the_python_is_typed_strictly(generated: Path) -> None:
    check_python(generated)


def test_every_call_is_generated(generated: Path) -> None:
    """openapi-python-client leaves out what it does not understand, and says so in a warning only."""
    document = json.loads((generated / "openapi.json").read_text())
    names = {
        operation["operationId"]
        for path in document["paths"].values()
        for operation in path.values()
    }
    modules = (generated / PYTHON_PACKAGE / "api").rglob("*.py")
    assert {module.stem for module in modules} - {"__init__"} == names
    functions = (generated / "generated" / "hey-api" / "sdk.gen.ts").read_text().lower()
    assert all(f"export const {name.replace('_', '')} =" in functions for name in names)


async def test_each_generated_client_starts_follows_and_cancels_a_job(
    generated: Path, library: FunctionProcess, worker: FunctionProcess, user: User
) -> None:
    """One after another in one project, whose source all of them use."""
    assert worker.process
    async with httpx.AsyncClient(base_url=f"{library.url}/", timeout=60) as http:
        api = Api(http=http, headers=user.headers)
        project = await api.new_project()
        started = await api.generate(project)
        await api.cancel(project)
    story = {
        "origin": library.url.partition("/api/")[0],
        "token": user.token,
        "project_id": project,
        "source_id": started.json()["job"]["params"]["source_id"],
    }
    environment = {"EDITAI_STORY": json.dumps(story), "PYTHONPATH": str(generated)}
    for program in PROGRAMS:
        said = run(command_of(generated, program), generated, environment)
        assert json.loads(said) == TOLD, program
