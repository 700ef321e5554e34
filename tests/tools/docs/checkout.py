"""A checkout as a reader has it: the files of this one, with its packages, in a folder of its own."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from local.programs import CHECKOUT

_STAMPED = (".stamp-environment", ".stamp-runtime", ".stamp-development")


@dataclass(frozen=True, kw_only=True)
class Checkout:
    """Where the commands of a page are run; `~` is a folder beside it."""

    path: Path
    home: Path

    def environment(self) -> dict[str, str]:
        """The reader's shell: nothing of the tests' own settings."""
        return {"PATH": os.environ["PATH"], "HOME": str(self.home), "LANG": "C.UTF-8"}

    def run(self, script: str) -> str:
        """Runs commands as bash does, ends with the first that fails, and returns what they printed."""
        command = ["bash", "-euo", "pipefail", "-c", script]
        result = subprocess.run(
            command,
            cwd=self.path,
            env=self.environment(),
            check=False,
            capture_output=True,
            text=True,
        )
        assert result.returncode == 0, f"{script}\n{result.stdout}{result.stderr}"
        return result.stdout

    def start(self, command: str) -> subprocess.Popen[str]:
        """Starts a command that stays."""
        return subprocess.Popen(
            ["bash", "-c", f"exec {command}"],
            cwd=self.path,
            env=self.environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            text=True,
        )


@contextmanager
def fresh_checkout() -> Generator[Checkout]:
    """A copy of the files under version control, whose stack is gone in the end."""
    folder = Path(tempfile.mkdtemp(prefix="editai-docs-"))
    folder.chmod(0o711)  # Postgres may run as another user
    checkout = Checkout(path=folder / "checkout", home=folder / "home")
    try:
        checkout.home.mkdir()
        _copy_files(checkout.path)
        _lend_packages(checkout.path)
        yield checkout
    finally:
        checkout.run("[[ ! -e .local/stack.json ]] || make down")
        shutil.rmtree(folder, ignore_errors=True)


def _copy_files(target: Path) -> None:
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listed, cwd=CHECKOUT, check=True, capture_output=True, text=True).stdout
    for name in filter(None, names.split("\0")):
        if (source := CHECKOUT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target / name)


def _lend_packages(target: Path) -> None:
    """What `make setup` would install, taken from this checkout: it finds its stamps and passes over the steps."""
    (target / "local" / "node_modules").symlink_to(CHECKOUT / "local" / "node_modules")
    venv, lender = target / ".venv", Path(sys.prefix)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", venv], check=True)
    packages = (
        Path("lib") / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages"
    )
    for package in (lender / packages).iterdir():
        # An editable install would bring this checkout's own code back in.
        if not re.match(r"_*editai", package.name):
            (venv / packages / package.name).symlink_to(package)
    for program in (lender / "bin").iterdir():
        if not (venv / "bin" / program.name).exists():
            (venv / "bin" / program.name).symlink_to(program)
    for name in _STAMPED:
        if (stamp := lender / name).exists():
            (venv / name).write_text(stamp.read_text().replace(str(lender), str(venv)))
