"""The recipe of CONTRIBUTING for a new kind of job, followed as it is written, in a copy of the worker."""

import re
import subprocess
import textwrap
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from local.programs import CHECKOUT
from local.stack.ports import claim_free_port
from shared.jobs.lifecycle import JobRequest, start_job
from shared.settings import get_settings
from tests.support.backend import Backend
from tests.support.functions import FunctionProcess
from tests.worker.jobs.conftest import Deliver, ProjectAtWork

SECTION = "A new kind of job"


def section() -> str:
    text = (CHECKOUT / "CONTRIBUTING.md").read_text()
    found = re.search(rf"^## {SECTION}$(.*?)(?=^## )", text, re.MULTILINE | re.DOTALL)
    assert found
    return found[1]


def blocks() -> list[str]:
    """The section's blocks of Python, without the indent of their list."""
    found = re.findall(r"^   ```python\n(.*?)^   ```$", section(), re.MULTILINE | re.DOTALL)
    return [textwrap.dedent(block) for block in found]


def follow_recipe(copy: Path) -> None:
    """Do to a staged worker what the three steps with code say."""
    params, recipe, registration = blocks()
    for path, content in (
        ("shared/job_params/source_report.py", params),
        ("functions/worker/pipeline/recipes/source_report.py", recipe),
    ):
        assert f"`{path}`" in section()
        (copy / path.removeprefix("functions/worker/")).write_text(content)
    kinds = copy / "pipeline" / "kinds.py"
    imports = (
        "from pipeline.recipes.source_report import report_sources\n"
        "from shared.job_params.source_report import SourceReportParams\n"
    )
    kinds.write_text(f"{kinds.read_text()}{imports}{registration}")


@pytest.fixture
def changed_worker(
    worker: FunctionProcess, fresh_state: Backend, tmp_path: Path
) -> Iterator[FunctionProcess]:
    """A worker with the new kind, beside the usual one."""
    copy, claim = tmp_path / "worker", claim_free_port()
    subprocess.run([CHECKOUT / "deploy" / "stage.sh", "worker", copy], check=True)
    follow_recipe(copy)
    changed = replace(
        worker,
        port=claim.number,
        directory=tmp_path,
        source=copy / "main.py",
        # Its own folder, which has shared too, comes before the checkout.
        periods={**worker.periods, "PYTHONPATH": str(copy), "PYTHONSAFEPATH": "1"},
        process=None,
    )
    try:
        changed.start()
        yield changed
    finally:
        changed.stop()
        claim.release()


async def test_a_kind_that_follows_the_recipe_runs_without_a_migration(
    project: ProjectAtWork,
    worker: FunctionProcess,
    changed_worker: FunctionProcess,
    deliver: Deliver,
) -> None:
    """The usual worker, which was not changed, fails such a job with a reason."""

    async def ended(runs_on: FunctionProcess) -> dict[str, object]:
        request = JobRequest(
            project_id=project.id, owner_id=None, kind="source_report", params={"max_sources": 1}
        )
        started = await start_job(request, get_settings())
        assert started.job is not None
        await deliver(runs_on, started.job.id)
        await project.ended()
        row = project.admin.execute(
            "select status, result, error ->> 'code' as code from editai_jobs where id = %s",
            [started.job.id],
        ).fetchone()
        assert row is not None
        return row

    assert await ended(worker) == {"status": "failed", "result": None, "code": "unknown_kind"}
    completed = await ended(changed_worker)
    result = {"durations": [pytest.approx(12, abs=0.1)]}
    assert completed == {"status": "completed", "result": result, "code": None}
