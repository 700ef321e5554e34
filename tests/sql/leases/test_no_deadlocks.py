"""Any two calls on one project, at once, in many interleavings: none deadlocks and none fails."""

import asyncio
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import combinations_with_replacement, product
from typing import Any, Literal
from uuid import UUID, uuid4

import psycopg
import pytest

from shared.jobs.records import Lease
from tests.sql.client import SqlClient
from tests.sql.values import clip_facts
from tests.support.database import Connection, Database
from tests.support.waiting import eventually

OWNER = UUID(int=7)
State = Literal["queued", "running", "expired"]
Gate = Literal["none", "project", "lease", "replaced"]
GATES: tuple[Gate, ...] = ("none", "project", "lease", "replaced")


@dataclass(frozen=True, kw_only=True)
class Scene:
    """A project with a job, a clip with an export and two sources; `lease` is the job's, live or expired."""

    project_id: str
    lease: Lease
    job_id: UUID
    clip_id: UUID
    export_id: UUID
    source_ids: tuple[UUID, UUID]


Call = Callable[[SqlClient, Scene], Any]


def create_again(sql: SqlClient, scene: Scene) -> None:
    with suppress(psycopg.errors.UniqueViolation):  # it was not deleted
        sql.create_project(scene.project_id, owner_id=OWNER)


def replace(sql: SqlClient, scene: Scene) -> None:
    sql.delete_project(scene.project_id)
    create_again(sql, scene)


def clean_up(sql: SqlClient, _scene: Scene) -> None:
    """Cleanup reports an error in a row, and a deadlock would be one."""
    faulty = [row for row in sql.cleanup_leases() if row.action == "faulty"]
    assert faulty == []


def remove_jobs(sql: SqlClient, _scene: Scene) -> None:
    sql.expire_idempotency_keys()
    sql.cleanup_jobs()


CALLS: Mapping[str, Call] = {
    "acquire_lease": lambda sql, scene: sql.acquire_lease(scene.project_id),
    "release_lease": lambda sql, scene: sql.release_lease(scene.lease),
    "heartbeat": lambda sql, scene: sql.heartbeat(scene.lease, 50),
    "record_clip": lambda sql, scene: sql.record_clip(scene.lease, 2),
    "finish_job": lambda sql, scene: sql.finish_job(
        scene.lease,
        export=clip_facts(scene.lease, 3)
        | {"clip_id": str(scene.clip_id), "preset": "tiktok", "options": {}},
    ),
    "return_job": lambda sql, scene: sql.return_job(scene.lease),
    "claim_job": lambda sql, scene: sql.claim_job(scene.job_id),
    "start_job": lambda sql, scene: sql.start_job(
        scene.project_id, owner_id=OWNER, max_active_jobs=5
    ),
    "cancel_job": lambda sql, scene: sql.cancel_job(scene.project_id),
    "cleanup_leases": clean_up,
    "cleanup_uploads": lambda sql, _scene: sql.cleanup_uploads(max_age_seconds=0),
    "create_source": lambda sql, scene: sql.create_source(scene.project_id),
    "confirm_source": lambda sql, scene: sql.confirm_source(scene.source_ids[0]),
    "delete_source": lambda sql, scene: sql.delete_source(scene.source_ids[1]),
    "update_clip": lambda sql, scene: sql.update_clip(scene.clip_id, is_selected=True),
    "delete_clip": lambda sql, scene: sql.delete_clip(scene.clip_id),
    "delete_export": lambda sql, scene: sql.delete_export(scene.export_id),
    "cleanup_jobs": remove_jobs,
    "replace": replace,
}


def add_ended_render(admin: Connection, project_id: str) -> UUID:
    """An export of the project's clip, and the job that made it, which has ended and has an idempotency key."""
    export_id, job_id = uuid4(), uuid4()
    admin.execute(
        "insert into editai_jobs (id, project_id, kind, status, params, first_variant_number,"
        " max_attempts, deadline_at, finished_at, idempotency_key, request_hash)"
        " select %s, id, 'final_render', 'completed', '{}', 1, 3, now(), '-infinity', 'key', 'hash'"
        " from editai_projects where id = %s",
        [job_id, project_id],
    )
    admin.execute(
        "insert into editai_exports (id, project_id, clip_id, job_id, preset, options, storage_path,"
        " thumbnail_path, duration_seconds, size_bytes, width, height, frame_rate)"
        " select %(id)s, project_id, id, %(job)s, 'tiktok', '{}', f.path || 'mp4', f.path || 'jpg',"
        " 1, 1, 1, 1, 1 from editai_clips, lateral"
        " (values (project_id || '/jobs/' || %(job)s || '/1/export.')) f (path)"
        " where project_id = %(project)s",
        {"id": export_id, "job": job_id, "project": project_id},
    )
    return export_id


def prepare(sql: SqlClient, admin: Connection, state: State) -> Scene:
    admin.execute("delete from editai_locks; delete from editai_projects")
    project_id = sql.create_project(owner_id=OWNER).id
    job = sql.start_job(project_id).job
    assert job is not None
    lease = sql.claim_job(job.id).lease
    assert lease is not None
    clip = sql.record_clip(lease, 1).clip
    assert clip is not None
    export_id = add_ended_render(admin, project_id)
    sources = tuple(sql.create_source(project_id)[0].id for _ in range(2))
    if state != "running":
        admin.execute("update editai_locks set expires_at = editai_clock()")
    if state == "queued":
        admin.execute(
            "update editai_jobs set status = 'queued', dispatch_due_at = null where status = 'running'"
        )
    return Scene(
        project_id=project_id,
        lease=lease,
        job_id=job.id,
        clip_id=clip.id,
        export_id=export_id,
        source_ids=(sources[0], sources[1]),
    )


@contextmanager
def closed(gate: Gate, admin: Connection, scene: Scene) -> Generator[None]:
    """A third transaction holds a row until both calls wait for it, or replaces the project meanwhile."""
    if gate == "none":
        yield
        return
    with admin.transaction():
        key = [scene.project_id]
        match gate:
            case "project":
                admin.execute("select 1 from editai_projects where id = %s for update", key)
            case "lease":
                admin.execute("select 1 from editai_locks where project_id = %s for update", key)
            case "replaced":
                admin.execute("delete from editai_locks where project_id = %s", key)
                admin.execute("delete from editai_projects where id = %s", key)
                new = "insert into editai_projects (id, owner_id, name) values (%s, %s, 'Reel')"
                admin.execute(new, [scene.project_id, OWNER])
        yield


@dataclass(frozen=True, kw_only=True)
class Pair:
    """Two clients, and a third connection that sees whether they wait."""

    admin: Connection
    observer: Connection
    clients: tuple[SqlClient, SqlClient]

    async def run(self, gate: Gate, scene: Scene, calls: tuple[Call, Call]) -> None:
        """Runs both calls at once. Raises what either raised."""
        tasks: list[asyncio.Task[Any]] = []
        with closed(gate, self.admin, scene):
            for client, call in zip(self.clients, calls, strict=True):
                tasks.append(asyncio.create_task(asyncio.to_thread(call, client, scene)))
                if gate != "none":
                    await self.settled(tasks[-1], client)
        await asyncio.gather(*tasks)

    async def settled(self, task: "asyncio.Task[Any]", client: SqlClient) -> None:
        pid = client.connection.info.backend_pid
        query = "select 1 from pg_stat_activity where pid = %s and wait_event_type = 'Lock'"
        await eventually(
            lambda: task.done() or self.observer.execute(query, [pid]).fetchone(), interval=0.001
        )


@pytest.fixture
def pair(admin: Connection, live: SqlClient, other: SqlClient, database: Database) -> Pair:
    return Pair(admin=admin, observer=database.connect("supabase_admin"), clients=(live, other))


@pytest.mark.parametrize("state", ["queued", "running", "expired"])
async def test_no_two_calls_deadlock(pair: Pair, live: SqlClient, state: State) -> None:
    """Every pair meets every gate in one of the three states, in one order or the other."""
    shift = ("queued", "running", "expired").index(state)
    pairs = combinations_with_replacement(CALLS, 2)
    for number, (names, gate) in enumerate(product(pairs, GATES)):
        if number % 3 != shift:
            continue
        scene = prepare(live, pair.admin, state)
        first, second = names if number % 2 else names[::-1]
        try:
            await pair.run(gate, scene, (CALLS[first], CALLS[second]))
        except psycopg.Error as error:
            raise AssertionError(f"{first} and {second}, {gate}, {state}: {error}") from error


async def test_a_start_that_waited_for_a_replaced_project_does_not_deadlock_with_the_next_start(
    pair: Pair, admin: Connection, live: SqlClient, database: Database
) -> None:
    """The first would have gone on without the project's lock, while the second held it and waited for the first."""
    project_id = live.create_project(owner_id=OWNER).id
    scene = Scene(
        project_id=project_id,
        lease=live.acquire_lease("unused").lease,
        job_id=uuid4(),
        clip_id=uuid4(),
        export_id=uuid4(),
        source_ids=(uuid4(), uuid4()),
    )
    owners = database.connect("supabase_admin")
    tasks: list[asyncio.Task[Any]] = []
    with owners.transaction():
        lock = "select pg_advisory_xact_lock(hashtextextended('editai_owner ' || %s::uuid, 0))"
        owners.execute(lock, [OWNER])
        for number, client in enumerate(pair.clients):
            with closed("replaced" if number == 0 else "none", admin, scene):
                call = asyncio.to_thread(CALLS["start_job"], client, scene)
                tasks.append(asyncio.create_task(call))
                await pair.settled(tasks[-1], client)
            await pair.settled(tasks[-1], client)
    outcomes = sorted(start.outcome for start in await asyncio.gather(*tasks))
    assert outcomes == ["busy", "started"]
