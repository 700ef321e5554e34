"""A project's job as a worker drives it, through the SQL functions."""

from dataclasses import dataclass
from uuid import UUID

import pytest

from shared.jobs.lifecycle import JobRequest, claim_job, finish_job, start_job
from shared.jobs.progress import Progress, update_generation_progress
from shared.jobs.records import Lease
from shared.settings import get_settings
from tests.support.library_client import Api


@dataclass(kw_only=True)
class Work:
    """The jobs of one project."""

    project: str
    job_id: UUID | None = None
    lease: Lease | None = None

    async def start(self) -> str:
        """Start a job; its id."""
        request = JobRequest(project_id=self.project, owner_id=None, kind="raw_clips", params={})
        start = await start_job(request, get_settings())
        assert start.job is not None
        self.job_id = start.job.id
        return str(self.job_id)

    async def claim(self) -> None:
        """Claim the job."""
        assert self.job_id is not None
        claim = await claim_job(self.job_id, holder="a worker", ttl_seconds=600)
        self.lease = claim.lease

    async def advance(self, percentage: int) -> None:
        """Write progress."""
        assert self.lease is not None
        progress = Progress(percentage=percentage, current_step="Making clip 1 of 1")
        await update_generation_progress(self.lease, progress, ttl_seconds=600)

    async def finish(self) -> None:
        """Complete the job."""
        assert self.lease is not None
        await finish_job(self.lease, "completed", result={})

    async def run(self) -> str:
        """Start a job, claim it and complete it; its id."""
        job_id = await self.start()
        await self.claim()
        await self.finish()
        return job_id


@pytest.fixture
async def work(running: Api) -> Work:
    """A new project of the user's."""
    return Work(project=await running.new_project())
