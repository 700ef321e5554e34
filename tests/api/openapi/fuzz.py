"""Runs Schemathesis against the running library and a real database.

    python -m tests.api.openapi.fuzz [--cases 20000] [--seed 1]

Every check is on, for valid and for invalid data, for single calls and for calls that follow from each other.
The same seed sends the same data.
"""

import argparse
import asyncio
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import parse_qsl, urlsplit

import httpx

from shared.database.client import close_supabase
from tests.api.resources.test_clips import make_clips
from tests.support.backend import Backend
from tests.support.library_client import Api
from tests.support.postgres.cluster import Cluster
from tests.support.users import Users

HERE = Path(__file__).parent
PROGRAM = Path(sys.executable).with_name("st")
_GENERATED = re.compile(r"(\d+) generated")


@dataclass(frozen=True, kw_only=True)
class Effort:
    """How much of it: cases of each operation in each phase, and from which seed."""

    examples: int
    seed: int


@dataclass(frozen=True, kw_only=True)
class Result:
    """What a run came to."""

    found_nothing: bool
    report: str

    @property
    def cases(self) -> int:
        """How many requests were made up and sent."""
        counts = _GENERATED.findall(self.report)
        return sum(map(int, counts))


async def prepare(api: Api) -> dict[str, str]:
    """A project with a source and a clip: what names them, by the names of parameters."""
    project = await api.new_project()
    (clip,) = await make_clips(api, project, 1)
    (source,) = (await api.get(f"projects/{project}/sources")).json()["items"]
    url = urlsplit(str(source["video_url"]))
    return {
        **dict(parse_qsl(url.query)),
        "path": url.path.partition("/files/")[2],
        "project_id": project,
        "source_id": str(clip.segments[0].source_id),
        "clip_id": str(clip.id),
    }


def run(
    library_url: str,
    token: str,
    existing: Mapping[str, str],
    effort: Effort,
    *,
    say: Callable[[str], object] = lambda _line: None,
) -> Result:
    """Test every operation as the user whose token it is; `say` gets each line of the report at once."""
    command = [PROGRAM, "--config-file", HERE / "schemathesis.toml", "--no-color", "run"]
    command += [f"{library_url}/openapi.json", "--checks", "all", "--mode", "all"]
    command += ["--header", f"Authorization:Bearer {token}"]
    command += ["--max-examples", str(effort.examples), "--seed", str(effort.seed)]
    environment = {**os.environ, "FUZZ_EXISTING": json.dumps(existing)}
    lines: list[str] = []
    with (
        TemporaryDirectory(prefix="editai-fuzz-") as directory,
        subprocess.Popen(
            command,
            cwd=directory,
            env=environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        ) as process,
    ):
        for line in process.stdout or ():
            lines.append(line)
            say(line)
    return Result(found_nothing=process.returncode == 0, report="".join(lines))


def count_operations(library_url: str) -> int:
    """Among how many the cases are shared out; what examples and boundaries take comes on top."""
    document = httpx.get(f"{library_url}/openapi.json", timeout=60).json()
    return sum(map(len, document["paths"].values()))


def run_rounds(backend: Backend, cases: int, seed: int) -> bool:
    """Run until there were so many cases, or something was found; False for that.

    A round makes fewer than it is asked for, because some operations have no more different requests. Each has a seed
    of its own: the one given, and those after it.
    """
    library, user = backend.functions["library"], Users(backend=backend).new()
    operations = count_operations(library.url)
    done, found_nothing = 0, True
    while found_nothing and done < cases:
        existing = asyncio.run(_prepared(library.url, user.headers))
        effort = Effort(examples=max(1, (cases - done) // operations), seed=seed)
        result = run(library.url, user.token, existing, effort, say=sys.stdout.write)
        print(f"seed {seed}: {result.cases} cases", flush=True)
        done, seed = done + result.cases, seed + 1
        found_nothing = result.found_nothing and result.cases > 0
    print(f"{done} cases in all")
    return found_nothing


def main() -> int:
    """Start a database and the library, run, and say what came of it."""
    parser = argparse.ArgumentParser(prog="python -m tests.api.openapi.fuzz")
    parser.add_argument("--cases", type=int, default=20_000, help="at least so many")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    cluster = Cluster.start()
    backend = Backend(name="fuzz", access=cluster.access)
    os.environ.update(backend.project.environment())
    try:
        backend.start()
        # No worker ends what is started.
        backend.functions["library"].start(MAX_ACTIVE_JOBS_PER_USER="1000000")
        found_nothing = run_rounds(backend, options.cases, options.seed)
    finally:
        backend.stop()
        cluster.stop()
    return 0 if found_nothing else 1


async def _prepared(library_url: str, headers: Mapping[str, str]) -> dict[str, str]:
    async with httpx.AsyncClient(base_url=f"{library_url}/", timeout=60) as http:
        existing = await prepare(Api(http=http, headers=headers))
    await close_supabase()
    return existing


if __name__ == "__main__":
    sys.exit(main())
