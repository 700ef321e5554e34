"""A typed client of the SQL functions: one method each, values in, values out."""

from dataclasses import dataclass
from typing import Any, cast
from uuid import UUID, uuid4

from psycopg import sql
from psycopg.types.json import Jsonb

from shared.jobs.fence import fencing_params
from shared.jobs.lifecycle import JobCancel, JobClaim, JobStart
from shared.jobs.progress import GenerationProgress
from shared.jobs.records import Clip, Export, Job, Lease, Project, Source
from tests.sql.values import (
    DISPATCH_TTL,
    SOURCE_FACTS,
    TTL,
    Acquired,
    Beat,
    Deleted,
    Garbage,
    Reclaimed,
    Recorded,
    Renewed,
    Returned,
    after,
    clip_facts,
    lease_proof,
)
from tests.support.database import Connection


@dataclass(frozen=True, kw_only=True)
class SqlClient:
    """Calls functions on one connection."""

    connection: Connection

    def at(self, seconds: float) -> "SqlClient":
        """Stops this connection's time some seconds after START."""
        moment = after(seconds).isoformat()
        self.connection.execute("select set_config('editai.now', %s, false)", [moment])
        return self

    def call(self, function: str, **params: Any) -> list[Any]:
        """The rows that a function returns, as JSON; parameters without their `p_`."""
        arguments = sql.SQL(", ").join(
            sql.SQL("{} => {}").format(sql.Identifier(f"p_{name}"), sql.Placeholder(name))
            for name in params
        )
        query = sql.SQL("select to_jsonb(answer) as answer from public.{}({}) as answer").format(
            sql.Identifier(f"editai_{function}"), arguments
        )
        rows = self.connection.execute(query, {k: _adapt(v) for k, v in params.items()}).fetchall()
        return [_without_null_rows(row["answer"]) for row in rows]

    def one(self, function: str, **params: Any) -> Any:
        """What a function that returns one value returns."""
        (answer,) = self.call(function, **params)
        return answer

    def acquire_lease(
        self,
        key: str,
        *,
        holder: str = "test",
        ttl_seconds: float = TTL,
        lease_id: UUID | None = None,
    ) -> Acquired:
        return Acquired.model_validate(
            self.one(
                "acquire_lease",
                project_id=key,
                lease_id=lease_id or uuid4(),
                holder=holder,
                ttl_seconds=ttl_seconds,
            )
        )

    def renew_lease(self, lease: Lease, *, ttl_seconds: float = TTL) -> Renewed:
        return Renewed.model_validate(
            self.one("renew_lease", **lease_proof(lease), ttl_seconds=ttl_seconds)
        )

    def release_lease(self, lease: Lease) -> bool:
        return self.one("release_lease", **lease_proof(lease))

    def check_project(
        self,
        project_id: str,
        *,
        owner_id: UUID | None = None,
        idempotency_key: str | None = None,
        request_hash: str | None = None,
        max_active_jobs: int | None = None,
        **limits: int,
    ) -> JobStart:
        return JobStart.model_validate(
            self.one(
                "check_project",
                project_id=project_id,
                owner_id=owner_id,
                idempotency_key=idempotency_key,
                request_hash=request_hash,
                max_active_jobs=max_active_jobs,
                **limits,
            )
        )

    def start_job(self, project_id: str, **changes: Any) -> JobStart:
        params = {
            "project_id": project_id,
            "owner_id": None,
            "job_id": uuid4(),
            "kind": "raw_clips",
            "params": {"variant_count": 3},
            "lease_id": uuid4(),
            "holder": "dispatch",
            "dispatch_ttl_seconds": DISPATCH_TTL,
            "deadline_seconds": 3600.0,
            "max_attempts": 3,
        } | changes
        return JobStart.model_validate(self.one("start_job", **params))

    def claim_job(
        self,
        job_id: UUID,
        *,
        lease_id: UUID | None = None,
        holder: str = "worker",
        ttl_seconds: float = TTL,
    ) -> JobClaim:
        return JobClaim.model_validate(
            self.one(
                "claim_job",
                job_id=job_id,
                lease_id=lease_id or uuid4(),
                holder=holder,
                ttl_seconds=ttl_seconds,
            )
        )

    def heartbeat(
        self, lease: Lease, percentage: int | None = None, *, ttl_seconds: float = TTL, **news: Any
    ) -> Beat:
        return Beat.model_validate(
            self.one(
                "heartbeat",
                **fencing_params(lease),
                ttl_seconds=ttl_seconds,
                percentage=percentage,
                **news,
            )
        )

    def clear_progress(self, lease: Lease) -> str:
        return self.one("clear_progress", **fencing_params(lease))

    def record_clip(
        self,
        lease: Lease,
        variant_number: int,
        /,
        *,
        percentage: int | None = None,
        **changes: Any,
    ) -> Recorded:
        return Recorded.model_validate(
            self.one(
                "record_clip",
                **fencing_params(lease),
                clip=clip_facts(lease, variant_number) | changes,
                percentage=percentage,
            )
        )

    def record_checkpoint(
        self, lease: Lease, checkpoint: dict[str, Any], *, percentage: int | None = None
    ) -> str:
        return self.one(
            "record_checkpoint",
            **fencing_params(lease),
            checkpoint=checkpoint,
            percentage=percentage,
        )

    def finish_job(self, lease: Lease, status: str = "completed", **changes: Any) -> str:
        return self.one("finish_job", **fencing_params(lease), status=status, **changes)

    def return_job(self, lease: Lease, *, dispatch_ttl_seconds: float = DISPATCH_TTL) -> Returned:
        return Returned.model_validate(
            self.one(
                "return_job", **fencing_params(lease), dispatch_ttl_seconds=dispatch_ttl_seconds
            )
        )

    def cancel_job(self, project_id: str, *, owner_id: UUID | None = None) -> JobCancel:
        return JobCancel.model_validate(
            self.one("cancel_job", project_id=project_id, owner_id=owner_id)
        )

    def read_progress(
        self, project_id: str, *, owner_id: UUID | None = None
    ) -> GenerationProgress | None:
        rows = self.call("read_progress", project_id=project_id, owner_id=owner_id)
        return GenerationProgress.model_validate(rows[0]) if rows else None

    def abandon_job(self, lease: Lease, code: str) -> str:
        return self.one("abandon_job", **fencing_params(lease), ttl_seconds=1, code=code)

    def requeue_by_operator(self, job_id: UUID) -> str:
        return self.one("requeue_by_operator", job_id=job_id)

    def drain(self, holder: str) -> None:
        self.one("drain", holder=holder)

    def resume(self, holder: str) -> bool:
        return self.one("resume", holder=holder)

    def record_cleanup(self, failed_steps: list[str] | None = None) -> None:
        self.one(
            "record_cleanup",
            runner="lease_cleanup",
            duration_seconds=0.5,
            failed_steps=failed_steps or [],
            counts={"requeued": 0},
        )

    def read_progress_of(
        self, *wanted: tuple[str, UUID | None, UUID | None]
    ) -> list[dict[str, Any] | None]:
        projects, owners, jobs = map(list, zip(*wanted, strict=True))
        arguments = {"project_ids": projects, "owner_ids": owners, "job_ids": jobs}
        return self.one("read_progress_of", **arguments)

    def cleanup_leases(
        self, *, limit: int = 100, dispatch_ttl_seconds: float = DISPATCH_TTL
    ) -> list[Reclaimed]:
        rows = self.call("cleanup_leases", limit=limit, dispatch_ttl_seconds=dispatch_ttl_seconds)
        return [Reclaimed.model_validate(row) for row in rows]

    def cleanup_uploads(self, *, limit: int = 100, max_age_seconds: float = 3600) -> int:
        return self.one("cleanup_uploads", limit=limit, max_age_seconds=max_age_seconds)

    def cleanup_jobs(self, *, limit: int = 100, max_age_seconds: float = 0) -> int:
        return self.one("cleanup_jobs", limit=limit, max_age_seconds=max_age_seconds)

    def expire_idempotency_keys(self, *, limit: int = 100, max_age_seconds: float = 0) -> int:
        return self.one("expire_idempotency_keys", limit=limit, max_age_seconds=max_age_seconds)

    def list_storage_garbage(self, *, limit: int = 100, after_id: int = 0) -> list[Garbage]:
        return [
            Garbage.model_validate(row)
            for row in self.call("list_storage_garbage", limit=limit, after_id=after_id)
        ]

    def forget_storage_garbage(self, ids: list[int]) -> int:
        return self.one("forget_storage_garbage", ids=ids)

    def discard_outputs(self, lease: Lease) -> None:
        named = {name: value for name, value in fencing_params(lease).items() if name != "lease_id"}
        self.one("discard_outputs", **named)

    def create_project(
        self, project_id: str | None = None, *, owner_id: UUID | None = None, name: str = "Reel"
    ) -> Project:
        return Project.model_validate(
            self.one(
                "create_project", project_id=project_id, owner_id=owner_id or uuid4(), name=name
            )
        )

    def update_project(
        self, project_id: str, *, name: str, owner_id: UUID | None = None
    ) -> list[Project]:
        rows = self.call("update_project", project_id=project_id, owner_id=owner_id, name=name)
        return [Project.model_validate(row) for row in rows]

    def delete_project(self, project_id: str, *, owner_id: UUID | None = None) -> Deleted:
        return Deleted.model_validate(
            self.one("delete_project", project_id=project_id, owner_id=owner_id)
        )

    def list_projects(
        self, owner_id: UUID | None, *, limit: int = 100, **after: Any
    ) -> list[Project]:
        rows = self.call("list_projects", owner_id=owner_id, limit=limit, **after)
        return [Project.model_validate(row) for row in rows]

    def create_source(
        self,
        project_id: str,
        *,
        owner_id: UUID | None = None,
        source_id: UUID | None = None,
        **limits: int,
    ) -> list[Source]:
        source_id = source_id or uuid4()
        rows = self.call(
            "create_source",
            project_id=project_id,
            owner_id=owner_id,
            source_id=source_id,
            file_name="holiday.mp4",
            storage_path=f"{project_id}/sources/{source_id}.mp4",
            content_type="video/mp4",
            **limits,
        )
        return [Source.model_validate(row) for row in rows]

    def announce_upload(
        self,
        project_id: str,
        storage_path: str,
        *,
        owner_id: UUID | None = None,
        limit: int | None = None,
    ) -> Any:
        return self.one(
            "announce_upload",
            project_id=project_id,
            storage_path=storage_path,
            owner_id=owner_id,
            max_probes_per_minute=limit,
        )

    def begin_confirm(self, source_id: UUID, *, owner_id: UUID | None, limit: int) -> Any:
        return self.one(
            "begin_confirm", source_id=source_id, owner_id=owner_id, max_probes_per_minute=limit
        )

    def has_file(self, path: str) -> bool:
        return bool(self.one("has_file", path=path))

    def next_job(self, **options: Any) -> UUID | None:
        job_id = self.one("next_job", **options)
        return UUID(job_id) if job_id else None

    def confirm_source(
        self, source_id: UUID, *, owner_id: UUID | None = None, **changes: Any
    ) -> list[Source]:
        rows = self.call(
            "confirm_source",
            source_id=source_id,
            owner_id=owner_id,
            facts=dict(SOURCE_FACTS) | changes,
        )
        return [Source.model_validate(row) for row in rows]

    def delete_source(self, source_id: UUID, *, owner_id: UUID | None = None) -> Deleted:
        return Deleted.model_validate(
            self.one("delete_source", source_id=source_id, owner_id=owner_id)
        )

    def get_source(self, source_id: UUID, *, owner_id: UUID | None = None) -> list[Source]:
        rows = self.call("get_source", source_id=source_id, owner_id=owner_id)
        return [Source.model_validate(row) for row in rows]

    def list_sources(
        self, project_id: str, *, owner_id: UUID | None = None, limit: int = 100, **after: Any
    ) -> list[Source]:
        rows = self.call(
            "list_sources", project_id=project_id, owner_id=owner_id, limit=limit, **after
        )
        return [Source.model_validate(row) for row in rows]

    def update_clip(
        self, clip_id: UUID, *, owner_id: UUID | None = None, **changes: Any
    ) -> list[Clip]:
        rows = self.call("update_clip", clip_id=clip_id, owner_id=owner_id, **changes)
        return [Clip.model_validate(row) for row in rows]

    def delete_clip(self, clip_id: UUID, *, owner_id: UUID | None = None) -> Deleted:
        return Deleted.model_validate(self.one("delete_clip", clip_id=clip_id, owner_id=owner_id))

    def delete_export(self, export_id: UUID, *, owner_id: UUID | None = None) -> str:
        return self.one("delete_export", export_id=export_id, owner_id=owner_id)

    def list_clips(
        self, *, owner_id: UUID | None = None, limit: int = 100, **filters: Any
    ) -> list[Clip]:
        rows = self.call("list_clips", owner_id=owner_id, limit=limit, **filters)
        return [Clip.model_validate(row) for row in rows]

    def list_jobs(
        self, *, owner_id: UUID | None = None, limit: int = 100, **filters: Any
    ) -> list[Job]:
        rows = self.call("list_jobs", owner_id=owner_id, limit=limit, **filters)
        return [Job.model_validate(row) for row in rows]

    def list_exports(
        self, clip_id: UUID, *, owner_id: UUID | None = None, limit: int = 100, **after: Any
    ) -> list[Export]:
        rows = self.call("list_exports", clip_id=clip_id, owner_id=owner_id, limit=limit, **after)
        return [Export.model_validate(row) for row in rows]


def _adapt(value: Any) -> Any:
    return Jsonb(value) if isinstance(value, dict) else value


def _without_null_rows(answer: Any) -> Any:
    """An answer whose rows of nothing but nulls, SQL's way to say "none", are None."""
    if not isinstance(answer, dict):
        return answer
    fields = cast("dict[str, Any]", answer)
    return {name: None if _is_null_row(value) else value for name, value in fields.items()}


def _is_null_row(value: Any) -> bool:
    if not isinstance(value, dict) or not value:
        return False
    return all(field is None for field in cast("dict[str, Any]", value).values())
