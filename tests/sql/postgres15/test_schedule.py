"""Cleanup scheduled inside Postgres, on a real one with pg_cron."""

from uuid import UUID, uuid4

import pytest
from psycopg.types.json import Jsonb

from local.programs import CHECKOUT
from tests.sql.postgres15.conftest import Postgres15
from tests.support.database import Connection
from tests.support.waiting import eventually

JOBS = {"editai_run_cleanup": "* * * * *", "editai_prune_history": "7 * * * *"}


def scheduled(connection: Connection) -> dict[str, str]:
    rows = connection.execute("select jobname, schedule from cron.job").fetchall()
    return {row["jobname"]: row["schedule"] for row in rows}


def expired_job(owner: Connection, *, attempts: int = 3) -> UUID:
    """A queued job that no worker has claimed in time."""
    job_id, project_id = uuid4(), f"reel-{uuid4().hex[:8]}"
    owner.execute("select editai_create_project(%s, 'Reel', %s)", [uuid4(), project_id])
    owner.execute(
        "select editai_start_job(%s, null, %s, 'raw_clips', %s, %s, 'dispatch', 30, 3600, %s)",
        [project_id, job_id, Jsonb({}), uuid4(), attempts],
    )
    owner.execute(
        "update editai_jobs set dispatch_due_at = now() - interval '1 minute' where id = %s",
        [job_id],
    )
    return job_id


def sent(connection: Connection) -> list[dict[str, object]]:
    return connection.execute("select * from net.sent order by id").fetchall()


def add_secrets(admin: Connection) -> None:
    admin.execute(
        "insert into vault.decrypted_secrets values "
        "('editai_worker_url', 'https://worker.example/'), ('editai_internal_secret', 'a-secret')"
    )


@pytest.mark.usefixtures("with_pg_cron")
def test_the_migration_schedules_cleanup_once(postgres15: Postgres15, owner: Connection) -> None:
    postgres15.migrate()
    assert scheduled(owner) == JOBS

    owner.execute("call editai_schedule_cleanup()")

    assert scheduled(owner) == JOBS


def test_without_the_right_to_use_pg_cron_the_migrations_apply_and_nothing_is_scheduled(
    postgres15: Postgres15, owner: Connection
) -> None:
    postgres15.migrate()

    row = owner.execute("select to_regclass('cron.job') as jobs").fetchone()
    assert row == {"jobs": None}


def test_pg_cron_that_comes_later_can_be_used_then(
    postgres15: Postgres15, owner: Connection, request: pytest.FixtureRequest
) -> None:
    postgres15.migrate()
    request.getfixturevalue("with_pg_cron")

    owner.execute("call editai_schedule_cleanup()")

    assert scheduled(owner) == JOBS


@pytest.mark.usefixtures("with_pg_cron")
async def test_pg_cron_runs_the_command_and_the_history_shows_it(
    postgres15: Postgres15, owner: Connection, admin: Connection
) -> None:
    postgres15.migrate()
    job_id = expired_job(owner, attempts=1)
    owner.execute("update editai_jobs set attempt = 1 where id = %s", [job_id])
    # A run each minute may be a minute away.
    admin.execute(
        "select cron.unschedule(jobid) from cron.job where jobname = 'editai_prune_history'"
    )

    def failed() -> bool:
        row = owner.execute("select status from editai_jobs where id = %s", [job_id]).fetchone()
        return row is not None and row["status"] == "failed"

    await eventually(failed, 75, interval=0.5)

    run = admin.execute("select status, command from cron.job_run_details").fetchone()
    assert run is not None
    assert run["command"] == "call public.editai_run_cleanup()"


@pytest.mark.usefixtures("with_pg_net_and_vault")
def test_a_requeued_job_wakes_the_worker(
    postgres15: Postgres15, owner: Connection, admin: Connection
) -> None:
    postgres15.migrate()
    add_secrets(admin)
    job_id = expired_job(owner)

    owner.execute("call editai_run_cleanup()")
    owner.execute("call editai_run_cleanup()")

    (request,) = sent(admin)
    assert request["url"] == "https://worker.example/"
    assert request["body"] == {"job_id": str(job_id)}
    assert request["headers"] == {
        "Content-Type": "application/json",
        "Authorization": "Bearer a-secret",
        "Prefer": "respond-async",
    }


@pytest.mark.usefixtures("with_pg_cron", "with_pg_net_and_vault")
def test_the_schedule_in_operations_md_triggers_lease_cleanup(
    postgres15: Postgres15, owner: Connection, admin: Connection
) -> None:
    postgres15.migrate()
    add_secrets(admin)
    admin.execute(
        "insert into vault.decrypted_secrets values ('editai_lease_cleanup_url', 'https://cleanup.example/')"
    )
    operations = (CHECKOUT / "docs" / "operations.md").read_text()
    written = operations.partition("```sql\nselect cron.schedule('editai_trigger_cleanup'")[2]
    schedule = "select cron.schedule('editai_trigger_cleanup'" + written.partition("```")[0]

    owner.execute(schedule.encode())

    assert scheduled(owner)["editai_trigger_cleanup"] == "* * * * *"
    row = owner.execute(
        "select command from cron.job where jobname = 'editai_trigger_cleanup'"
    ).fetchone()
    assert row is not None
    owner.execute(row["command"].encode())
    (request,) = sent(admin)
    assert request["url"] == "https://cleanup.example/"
    assert request["headers"] == {"Authorization": "Bearer a-secret"}


@pytest.mark.usefixtures("with_pg_net_and_vault")
async def test_without_its_secrets_no_worker_is_called_and_a_requeued_job_can_be_claimed_at_once(
    postgres15: Postgres15, owner: Connection, admin: Connection
) -> None:
    postgres15.migrate()
    job_id = expired_job(owner)

    owner.execute("call editai_run_cleanup()")

    assert sent(admin) == []
    cleanup = "select job_id, action from editai_cleanup_leases(100, 30)"
    # At once: after the millisecond that is the shortest of leases.
    (row,) = await eventually(lambda: owner.execute(cleanup).fetchall(), 1)
    assert row == {"job_id": job_id, "action": "requeued"}


def run_ended(
    admin: Connection, name: str, *, jobid: int, command: str, hours_ago: float | None, status: str
) -> None:
    """A row of pg_cron's history, known by its return message; without times where the run could not connect."""
    admin.execute(
        """
        insert into cron.job_run_details (jobid, runid, command, username, status, return_message, start_time, end_time)
        select %(jobid)s, nextval('cron.runid_seq'), %(command)s, 'postgres', %(status)s, %(name)s, at, at
        from (select now() - make_interval(mins => (%(hours_ago)s * 60)::int) as at) times
        """,
        {
            "name": name,
            "jobid": jobid,
            "command": command,
            "hours_ago": hours_ago,
            "status": status,
        },
    )


@pytest.mark.usefixtures("with_pg_cron")
def test_the_history_keeps_a_day_of_its_own_runs_and_all_of_others(
    postgres15: Postgres15, owner: Connection, admin: Connection
) -> None:
    postgres15.migrate()
    admin.execute("select cron.schedule('of_others', '0 0 1 1 *', 'select 1')")
    rows = admin.execute("select jobname, jobid, command from cron.job").fetchall()
    jobs = {row["jobname"]: (row["jobid"], row["command"]) for row in rows}
    cleanup, command = jobs["editai_run_cleanup"]
    # In the order of their starts.
    runs = [
        ("old run without times", cleanup, command, None, "failed"),
        ("old run", cleanup, command, 40, "succeeded"),
        ("old run of others", *jobs["of_others"], 40, "succeeded"),
        ("old run without times of others", *jobs["of_others"], None, "failed"),
        ("old prune", *jobs["editai_prune_history"], 30, "succeeded"),
        ("old run of a replaced schedule", 999, command, 30, "succeeded"),
        ("old run of an earlier command", cleanup, "call earlier()", 30, "failed"),
        ("old run that was cut off", cleanup, command, 30, "running"),
        ("another old run without times", cleanup, command, None, "failed"),
        ("last old run", cleanup, command, 25, "succeeded"),
        ("new run without times", cleanup, command, None, "failed"),
        ("new run", cleanup, command, 20, "succeeded"),
    ]
    for name, jobid, text, hours_ago, status in runs:
        run_ended(admin, name, jobid=jobid, command=text, hours_ago=hours_ago, status=status)

    owner.execute(jobs["editai_prune_history"][1])

    kept = admin.execute("select return_message from cron.job_run_details order by runid")
    assert [row["return_message"] for row in kept.fetchall() if row["return_message"]] == [
        "old run of others",
        "old run without times of others",
        "old run that was cut off",
        "new run without times",
        "new run",
    ]


@pytest.mark.parametrize("role", ["anon", "authenticated", "service_role"])
def test_only_the_owner_may_run_or_schedule_cleanup(
    postgres15: Postgres15, owner: Connection, role: str
) -> None:
    postgres15.migrate()
    for name in ("run_cleanup", "schedule_cleanup", "prune_history"):
        procedure = f"editai_{name}()"
        row = owner.execute(
            "select has_function_privilege(%s, %s::regprocedure, 'execute') as may",
            [role, procedure],
        ).fetchone()
        assert row == {"may": False}


@pytest.mark.usefixtures("with_pg_net_and_vault")
def test_old_jobs_and_keys_go_after_the_default_times_or_those_in_vault(
    postgres15: Postgres15, owner: Connection, admin: Connection
) -> None:
    postgres15.migrate()
    for days in (6, 50, 100):
        job_id = expired_job(owner)
        owner.execute(
            "update editai_jobs set status = 'cancelled', idempotency_key = 'k', request_hash = 'h',"
            " finished_at = now() - make_interval(days => %s) where id = %s",
            [days, job_id],
        )

    def left() -> list[str | None]:
        query = "select idempotency_key from editai_jobs order by finished_at"
        return [row["idempotency_key"] for row in owner.execute(query).fetchall()]

    owner.execute("call editai_run_cleanup()")
    assert left() == [None, "k"]

    admin.execute(
        "insert into vault.decrypted_secrets values"
        " ('editai_job_retention_days', '30'), ('editai_idempotency_key_days', '5')"
    )
    owner.execute("call editai_run_cleanup()")
    assert left() == [None]
