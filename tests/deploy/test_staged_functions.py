"""Each function as deployed: only its folder, shared/ and its requirements, under functions-framework."""

import hashlib
import os
import signal
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from local.programs import CHECKOUT
from local.stack.ports import claim_free_port
from tests.support.waiting import eventually

# Named by the hash of the requirements: created when these change, reused otherwise.
ENVIRONMENTS = CHECKOUT / ".local" / "staged"
SECRET = "internal-secret-of-the-test"


def environment_for(requirements: Path) -> Path:
    """A virtual environment with these requirements and nothing else."""
    digest = hashlib.sha256(requirements.read_bytes()).hexdigest()[:16]
    environment = ENVIRONMENTS / digest
    if not environment.exists():
        draft = ENVIRONMENTS / f"{digest}-{os.getpid()}"
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(draft)], check=True)
        pip = [*("python3", "-m", "pip", "--python", str(draft / "bin" / "python"), "install")]
        options = ["--require-hashes", "--no-deps", "--quiet", "--disable-pip-version-check"]
        # Python compiles what it imports; pip would compile every module of every package.
        options.append("--no-compile")
        subprocess.run([*pip, *options, "-r", str(requirements)], check=True)
        draft.rename(environment)
    return environment


@contextmanager
def running(name: str, folder: Path) -> Generator[str]:
    """The function started as Google's buildpack starts it; yields its URL."""
    stage = folder / "stage"
    subprocess.run([CHECKOUT / "deploy" / "stage.sh", name, str(stage)], check=True)
    environment = environment_for(stage / "requirements.txt")
    claim = claim_free_port()
    settings = {
        "FUNCTION_TARGET": name,
        "FUNCTION_SIGNATURE_TYPE": "http",
        "FUNCTION_USE_ASGI": "true",
        "PORT": str(claim.number),
        "SUPABASE_URL": "http://127.0.0.1:9",
        "SUPABASE_SERVICE_ROLE_KEY": "service-role-key",
        "SUPABASE_JWKS_URL": "http://127.0.0.1:9/jwks.json",
        "SUPABASE_JWT_ISSUER": "http://127.0.0.1:9/auth/v1",
        "INTERNAL_SECRET": SECRET,
        "WORKER_URL": "http://127.0.0.1:9",
        "PUBLIC_URL": "https://library.example/api/v1/library",
        "HOME": str(folder),
        "PATH": os.defpath,
    }
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            # The script functions-framework is not used: its first line names the draft environment's interpreter.
            [environment / "bin" / "python", "-m", "functions_framework"],
            cwd=stage,
            env=settings,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            yield f"http://127.0.0.1:{claim.number}"
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            claim.release()


async def first_response(method: str, url: str, token: str = "") -> httpx.Response:
    """The first response of a function that is starting."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    body = {"job_id": "00000000-0000-0000-0000-000000000000"} if method == "POST" else None

    async def attempt() -> httpx.Response | None:
        try:
            async with httpx.AsyncClient(timeout=10) as client:
                return await client.request(method, url, headers=headers, json=body)
        except httpx.TransportError:
            return None

    response = await eventually(attempt, timeout=30, interval=0.1)
    assert response is not None
    return response


@pytest.mark.parametrize(
    ("name", "problem"),
    [("worker", "database-unavailable"), ("lease_cleanup", "cleanup-incomplete")],
)
async def test_an_internal_function_starts_alone_and_calls_the_database(
    name: str, problem: str, tmp_path: Path
) -> None:
    with running(name, tmp_path) as url:
        assert (await first_response("POST", url)).status_code == 401
        refused = await first_response("POST", url, SECRET)

    assert refused.status_code == 503, (tmp_path / "log").read_text()
    assert refused.json()["type"] == f"urn:editai:problem:{problem}"


async def test_the_library_starts_alone_and_describes_itself(tmp_path: Path) -> None:
    with running("library", tmp_path) as url:
        description = await first_response("GET", f"{url}/api/v1/library/openapi.json")
        refused = await first_response("GET", f"{url}/api/v1/library/projects")

    assert description.status_code == 200, (tmp_path / "log").read_text()
    assert "/api/v1/library/projects/{project_id}/generate" in description.json()["paths"]
    assert refused.status_code == 401


def test_the_library_contains_no_ffmpeg(tmp_path: Path) -> None:
    stage = tmp_path / "stage"
    subprocess.run([CHECKOUT / "deploy" / "stage.sh", "library", str(stage)], check=True)

    assert "ffmpeg" not in (stage / "requirements.txt").read_text()
    assert not (stage / "pipeline").exists()


def test_a_stage_has_nothing_from_an_earlier_one(tmp_path: Path) -> None:
    stage = tmp_path / "stage"
    stage.mkdir()
    (stage / "left_behind.py").touch()

    subprocess.run([CHECKOUT / "deploy" / "stage.sh", "worker", str(stage)], check=True)

    assert sorted(path.name for path in stage.iterdir()) == [
        "main.py",
        "pipeline",
        "requirements.txt",
        "shared",
    ]
