"""A project with sources, whose jobs are started as by the library and run as by the worker."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from pipeline.kinds import recipes
from shared.jobs.lifecycle import JobRequest, claim_job, start_job
from shared.jobs.progress import GenerationProgress, get_generation_progress
from shared.jobs.records import Clip, Export, ExportPreset, Job, JobKind
from shared.media.probe import probe
from shared.running.attempt import run_job
from shared.settings import get_settings
from tests.support.backend import Backend
from tests.support.database import Connection


@dataclass(frozen=True, kw_only=True)
class Studio:
    """A project and its jobs."""

    admin: Connection
    storage: Path
    project_id: str = "reel"
    sources: dict[str, UUID] = field(default_factory=dict[str, UUID])

    def add(self, *files: Path) -> None:
        """Store videos as ready sources, named after their files without extension."""
        for file in files:
            source_id, facts = uuid4(), probe(file)
            path = f"{self.project_id}/sources/{source_id}{file.suffix}"
            target = self.storage / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(file.read_bytes())
            video = facts.video
            self.admin.execute(
                """
                insert into editai_sources (
                  id, project_id, status, file_name, storage_path, content_type, size_bytes,
                  duration_seconds, width, height, frame_rate, has_audio)
                values (%s, %s, 'ready', %s, %s, 'video/mp4', %s, %s, %s, %s, %s, %s)
                """,
                [
                    *(source_id, self.project_id, file.name, path, facts.size_bytes),
                    *(facts.duration_seconds, video.width, video.height),
                    *(float(video.frame_rate), facts.audio is not None),
                ],
            )
            self.sources[file.stem] = source_id

    def segment(self, source: str, start: float, end: float) -> dict[str, Any]:
        """A segment as in a request."""
        return {"source_id": str(self.sources[source]), "start": start, "end": end}

    def preset(self, name: str) -> ExportPreset:
        row = self.admin.execute(
            "select * from editai_export_presets where name = %s", [name]
        ).fetchone()
        return ExportPreset.model_validate(row)

    async def start(self, kind: JobKind, params: Mapping[str, Any]) -> Job:
        request = JobRequest(
            project_id=self.project_id, owner_id=None, kind=kind, params=dict(params)
        )
        started = await start_job(request, get_settings())
        assert started.outcome == "started"
        assert started.job is not None
        return started.job

    async def run(self, job: Job) -> str:
        """Claim and run a job; return how it ended."""
        claim = await claim_job(job.id, holder="test", ttl_seconds=60)
        assert claim.outcome == "claimed"
        return await run_job(claim, recipes)

    async def progress(self) -> GenerationProgress:
        progress = await get_generation_progress(self.project_id, None)
        assert progress is not None
        return progress

    def clips(self) -> list[Clip]:
        rows = self.admin.execute("select * from editai_clips order by variant_number").fetchall()
        return [Clip.model_validate(row) for row in rows]

    def exports(self) -> list[Export]:
        rows = self.admin.execute("select * from editai_exports order by row_number").fetchall()
        return [Export.model_validate(row) for row in rows]

    def stored(self, path: str) -> Path:
        """The local file of a storage path."""
        return self.storage / path


@pytest.fixture
def studio(fresh_state: Backend, admin: Connection) -> Studio:
    """An empty project."""
    studio = Studio(admin=admin, storage=fresh_state.storage)
    admin.execute("select editai_create_project(%s, 'Reel', %s)", [str(uuid4()), studio.project_id])
    return studio
