import os
import shutil
import signal
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from local.programs import CHECKOUT

STANDINS = Path(__file__).parent / "standins"
OPTIONS = ("--project", "reel-studio-1234", "--supabase-ref", "abcdefghijklmnopqrst")

SECRETS: Mapping[str, str] = {
    "SUPABASE_ACCESS_TOKEN": "sbp_access-token-of-the-test",
    "SUPABASE_DB_PASSWORD": "password-of-the-test",
    "SUPABASE_SERVICE_ROLE_KEY": "service-role-key-of-the-test",
    "SUPABASE_JWT_SECRET": "jwt-secret-of-the-test-which-is-long-enough",
}
ACCESS_TOKEN = "ya29.google-token-of-the-test"


@dataclass(frozen=True, kw_only=True)
class Cloud:
    """A copy of the deployed files, and the stand-ins' record of what was created."""

    checkout: Path
    memory: Path

    def deploy(self, *options: str, **settings: str) -> subprocess.CompletedProcess[str]:
        """Run deploy.sh with the stand-ins first on PATH."""
        environment = {
            "PATH": f"{self.memory / 'bin'}:{os.environ['PATH']}",
            "HOME": str(self.memory),
            "STANDIN": str(self.memory),
            "STANDIN_ACCESS_TOKEN": ACCESS_TOKEN,
            "RETRY_SECONDS": "0",
            **SECRETS,
            **settings,
        }
        return subprocess.run(
            ["./deploy.sh", *(options or OPTIONS)],
            cwd=self.checkout,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            start_new_session=True,
        )

    @property
    def output(self) -> str:
        """The output of the first deployment."""
        return (self.memory / "output").read_text()

    def function(self, name: str) -> dict[str, str]:
        """The flags of a function's latest deployment."""
        deploy = ["functions", "deploy", f"editai-{name}"]
        *_, call = (call for call in self.calls if call[1:4] == deploy)
        return {flag: value for flag, _, value in (word.partition("=") for word in call[4:])}

    @property
    def calls(self) -> list[list[str]]:
        """Every call of a tool, as a list of arguments."""
        file = self.memory / "calls"
        return (
            [line.split("\x1f") for line in file.read_text().splitlines()] if file.exists() else []
        )

    @property
    def changes(self) -> list[str]:
        """All changes, in order."""
        file = self.memory / "changes"
        return file.read_text().splitlines() if file.exists() else []

    @property
    def grants(self) -> list[str]:
        """All grants, as `resource member role`."""
        return (self.memory / "grants").read_text().splitlines()


def was_killed(run: subprocess.CompletedProcess[str]) -> bool:
    return run.returncode == -signal.SIGKILL


@pytest.fixture
def cloud(tmp_path: Path) -> Cloud:
    """An empty project."""
    return _empty(tmp_path)


@pytest.fixture
def deployed(_first_deployment: Cloud, tmp_path: Path) -> Cloud:
    """A project with a finished first deployment."""
    shutil.copytree(_first_deployment.checkout, tmp_path / "checkout")
    shutil.copytree(_first_deployment.memory, tmp_path / "cloud")
    return Cloud(checkout=tmp_path / "checkout", memory=tmp_path / "cloud")


@pytest.fixture(scope="session")
def _first_deployment(tmp_path_factory: pytest.TempPathFactory) -> Cloud:
    cloud = _empty(tmp_path_factory.mktemp("deployed"))
    (
        cloud.memory / "late-metrics"
    ).touch()  # as on Google Cloud: a new metric is not visible at once
    run = cloud.deploy()
    assert run.returncode == 0, run.stderr
    (cloud.memory / "output").write_text(run.stdout + run.stderr)
    return cloud


def _empty(folder: Path) -> Cloud:
    checkout, memory = folder / "checkout", folder / "cloud"
    checkout.mkdir()
    shutil.copy(CHECKOUT / "deploy.sh", checkout)
    for name in ("deploy", "functions", "shared", "supabase"):
        ignore = shutil.ignore_patterns("__pycache__")
        shutil.copytree(CHECKOUT / name, checkout / name, ignore=ignore)
    shutil.copytree(STANDINS, memory / "bin")
    shutil.move(memory / "bin" / "record.sh", memory)
    (memory / "killed").touch()
    (memory / "secrets").write_text("".join(f"{secret}\n" for secret in SECRETS.values()))
    return Cloud(checkout=checkout, memory=memory)
