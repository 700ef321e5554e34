"""Generates a client by each generator, from the document of the running library, and compiles all of it strictly.

folder/generated/<generator>/    what each has written
folder/programs/                 the programs of this folder, which use it
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from local.programs import CHECKOUT, DENO, script
from tests.clients.packages import NODE, TYPESCRIPT_CLIENT

HERE = Path(__file__).parent
PYTHON_PACKAGE = "editai_api"

_TSCONFIG = {
    "compilerOptions": {
        "strict": True,
        "noEmit": True,
        "skipLibCheck": False,
        "target": "ES2022",
        "module": "ESNext",
        "moduleResolution": "bundler",
        "lib": ["ES2023", "DOM", "DOM.Iterable"],
        "types": [],
    },
    "include": ["generated", "programs"],
}


_ORVAL = """export default { editai: {
  input: { target: "./openapi.json" },
  output: { target: "./generated/orval/api.ts", client: "fetch", baseUrl: { getBaseUrlFromSpecification: true } },
} };
"""


def run(
    command: Sequence[str | Path], folder: Path, environment: Mapping[str, str] | None = None
) -> str:
    """Run a program in a folder; return its output."""
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, **(environment or {})},
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def generate_all(document: str, folder: Path) -> None:
    """Generate every client from the document into the folder."""
    (folder / "openapi.json").write_text(document)
    (folder / "package.json").write_text('{"private": true, "type": "module"}')
    # openapi-fetch is what the types of openapi-typescript are used with.
    (folder / "node_modules").symlink_to(TYPESCRIPT_CLIENT / "node_modules")
    shutil.copytree(HERE / "programs", folder / "programs")
    generators = {
        name: HERE / "node_modules" / path
        for name, path in (
            ("hey", "@hey-api/openapi-ts/bin/run.js"),
            ("orval", "orval/dist/bin/orval.mjs"),
        )
    }
    typescript = TYPESCRIPT_CLIENT / "node_modules" / "openapi-typescript" / "bin" / "cli.js"
    out = folder / "generated"
    (folder / "orval.config.mjs").write_text(_ORVAL)
    commands: list[list[str | Path]] = [
        [NODE, typescript, "openapi.json", "-o", out / "openapi-typescript" / "schema.ts"],
        [NODE, generators["hey"], "-i", "openapi.json", "-o", out / "hey-api", "--no-log-file"],
        [NODE, generators["orval"]],
    ]
    with ThreadPoolExecutor() as threads:
        running = [threads.submit(run, command, folder) for command in commands]
        running.append(threads.submit(_generate_python, folder))
        for each in running:
            each.result()


def _generate_python(folder: Path) -> str:
    (folder / "config.yaml").write_text("post_hooks: []")
    command = [script("openapi-python-client"), "generate", "--path", "openapi.json"]
    options = ["--meta", "none", "--output-path", PYTHON_PACKAGE, "--config", "config.yaml"]
    said = run([*command, *options, "--fail-on-warning"], folder)
    assert "WARNING" not in said, said
    return said


def check_typescript(folder: Path) -> None:
    """Compile the generated TypeScript and its programs: strictly, and the generated types, too."""
    (folder / "tsconfig.json").write_text(json.dumps(_TSCONFIG))
    native = TYPESCRIPT_CLIENT / "node_modules" / "typescript-native" / "bin" / "tsc"
    run([NODE, native], folder)


def check_python(folder: Path) -> None:
    """Check the generated Python and its program strictly. What mypy knows of libraries is kept for the next run."""
    program = folder / "programs" / "openapi_python_client.py"
    command = [sys.executable, "-m", "mypy", "--strict", "--no-error-summary"]
    run(
        [*command, "--cache-dir", CHECKOUT / ".local" / "mypy-cache", PYTHON_PACKAGE, program],
        folder,
    )


def command_of(folder: Path, name: str) -> list[str | Path]:
    """The command that runs a program of a generated client."""
    program = folder / "programs" / name
    if program.suffix == ".py":
        return [sys.executable, program]
    options = (
        "--allow-all",
        "--no-check",
        "--unstable-sloppy-imports",
        "--node-modules-dir=manual",
    )
    return [DENO, "run", "--quiet", *options, program]
