"""The local stack runs edge functions as one of its parts."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from tests.support.commands import LocalStack
from tests.support.waiting import eventually


@pytest.fixture
def stack() -> Iterator[LocalStack]:
    """A whole stack, running."""
    directory = Path(tempfile.mkdtemp(prefix="editai-stack-"))
    directory.chmod(0o711)
    stack = LocalStack(directory=directory)
    try:
        stack.up()
        yield stack
    finally:
        stack.run("down")
        shutil.rmtree(directory, ignore_errors=True)


async def test_start_job_reaches_the_library_before_and_after_a_crash(stack: LocalStack) -> None:
    description = stack.description
    headers = {"Authorization": f"Bearer {description['service_role_key']}"}
    url = f"{description['supabase_url']}/functions/v1/start-job"
    body = {"kind": "raw_clips", "project_id": "no-such-project", "source_id": str(uuid4())}

    def answers() -> bool:
        answer = httpx.post(url, headers=headers, json=body, timeout=30)
        return answer.status_code == 404 and answer.json()["type"].endswith(":project-not-found")

    assert answers()
    killed = stack.kill("edge")
    await eventually(lambda: stack.pids["edge"] != killed)
    await eventually(answers)
    assert stack.run("down").returncode == 0
    assert stack.running() == []
