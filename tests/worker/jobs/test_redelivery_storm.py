"""A queue that delivers one task again and again, to several workers at once."""

import asyncio
from collections import Counter
from dataclasses import replace

import httpx

from local.stack.ports import claim_free_port
from tests.support.functions import FunctionProcess
from tests.worker.jobs.conftest import ProjectAtWork

DELIVERIES = 200


async def test_two_workers_with_two_hundred_deliveries_run_the_job_once(
    worker: FunctionProcess, project: ProjectAtWork
) -> None:
    claim = claim_free_port()
    other = replace(worker, port=claim.number, process=None, directory=worker.directory / "other")
    other.directory.mkdir(exist_ok=True)
    statuses = Counter[int]()
    try:
        for each in (worker, other):
            each.start(WORKER_CONCURRENCY="4", LEASE_TTL_SECONDS="30")
        job = await project.start(variant_count=1)
        headers = {"Authorization": f"Bearer {worker.project.internal_secret}"}
        async with httpx.AsyncClient(headers=headers, timeout=120) as client:

            async def deliver(number: int) -> None:
                url = (worker, other)[number % 2].url
                response = await client.post(url, json={"job_id": str(job.id)})
                statuses[response.status_code] += 1
                if response.status_code == 503:
                    assert response.headers["retry-after"]

            await asyncio.gather(*map(deliver, range(DELIVERIES)))
        await project.ended()
    finally:
        other.stop()
        claim.release()
        worker.stop()
    assert set(statuses) <= {200, 503}, statuses
    assert len(project.clips()) == 1
    row = project.admin.execute("select status, attempt from editai_jobs").fetchone()
    assert row == {"status": "completed", "attempt": 1}
    assert len(project.files()) == 2, "a video and a picture, of one attempt"
