"""Each client installs from its own package into an empty environment, and works there."""

import subprocess
from pathlib import Path

from shared import __version__
from tests.clients.packages import NODE


def test_the_wheel_brings_the_command_and_the_typed_package(python_client: Path) -> None:
    told = subprocess.check_output([python_client / "bin" / "editai", "--version"], text=True)
    assert told == f"editai, version {__version__}\n"
    code = "import editai_client, editai_cli, pathlib as p; print(p.Path(editai_client.__file__).parent)"
    installed = subprocess.check_output([python_client / "bin" / "python", "-c", code], text=True)
    package = Path(installed.strip())
    assert package.is_relative_to(python_client)
    assert (package / "py.typed").exists()
    assert (package.with_name("editai_cli") / "py.typed").exists()


def test_help_loads_neither_the_client_nor_the_bars(python_client: Path) -> None:
    """Loading them takes several times as long as all the rest."""
    code = "import sys, editai_cli.main; print([m for m in ('httpx', 'pydantic', 'rich') if m in sys.modules])"
    loaded = subprocess.check_output([python_client / "bin" / "python", "-c", code], text=True)
    assert loaded == "[]\n"


def test_the_npm_package_holds_only_what_was_built(typescript_client: Path) -> None:
    package = typescript_client / "node_modules" / "editai-client"
    assert {path.name for path in package.iterdir()} == {"README.md", "dist", "package.json"}
    code = 'import("editai-client").then((client) => console.log(typeof client.createClient))'
    done = subprocess.check_output([NODE, "--eval", code], cwd=typescript_client, text=True)
    assert done == "function\n"
