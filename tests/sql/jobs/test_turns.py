"""Whose job is next: owners take turns, light jobs go before heavy ones, and none waits for ever."""

from typing import Any
from uuid import UUID

import pytest

from tests.sql.client import SqlClient
from tests.sql.values import TTL
from tests.support.database import Connection

GREEDY, MODEST = UUID(int=7), UUID(int=8)
HEAVY = {"variant_count": 10, "target_duration": 60}
LIGHT = {"variant_count": 1, "target_duration": 2}


class Queue:
    """Starts jobs with names, and says which one is next."""

    def __init__(self, sql: SqlClient) -> None:
        self.sql = sql
        self.names: dict[UUID, str] = {}

    def start(self, name: str, owner: UUID, params: dict[str, Any]) -> UUID:
        project = self.sql.create_project(owner_id=owner).id
        job = self.sql.start_job(project, params=params).job
        assert job is not None
        self.names[job.id] = name
        return job.id

    def next(self, **options: Any) -> str | None:
        job_id = self.sql.next_job(**options)
        return self.names[job_id] if job_id else None

    def run(self, **options: Any) -> str | None:
        """Claim the next job; return its name."""
        job_id = self.sql.next_job(**options)
        if job_id is None:
            return None
        assert self.sql.claim_job(job_id).outcome == "claimed"
        return self.names[job_id]

    def run_all(self) -> list[str]:
        return list(iter(self.run, None))


@pytest.fixture
def queue(sql: SqlClient) -> Queue:
    return Queue(sql)


def test_a_light_job_overtakes_heavy_ones_that_were_started_before_it(queue: Queue) -> None:
    for n in range(3):
        queue.start(f"heavy {n}", GREEDY, HEAVY)
    queue.sql.at(30)
    queue.start("light", MODEST, LIGHT)
    assert queue.run_all() == ["light", "heavy 0", "heavy 1", "heavy 2"]


def test_owners_of_equal_jobs_take_turns(queue: Queue) -> None:
    for n in range(4):
        queue.start(f"greedy {n}", GREEDY, HEAVY)
    queue.sql.at(1)
    for n in range(2):
        queue.start(f"modest {n}", MODEST, HEAVY)
    assert queue.run_all() == [
        *("greedy 0", "modest 0", "greedy 1", "modest 1"),
        *("greedy 2", "greedy 3"),
    ]


def test_many_light_jobs_of_one_owner_do_not_go_before_one_of_another(queue: Queue) -> None:
    for n in range(3):
        queue.start(f"greedy {n}", GREEDY, {"variant_count": 10, "target_duration": 2})
    queue.start("modest", MODEST, {"variant_count": 10, "target_duration": 3})
    assert queue.run_all() == ["greedy 0", "modest", "greedy 1", "greedy 2"]


def test_a_heavy_job_is_run_though_light_ones_keep_coming(queue: Queue) -> None:
    """One light job of a new owner is started each 10 s, and one job ends each 10 s: always one too many."""
    queue.start("heavy", GREEDY, HEAVY)
    queue.start("light", UUID(int=100), LIGHT)
    for n in range(1, 100):
        queue.sql.at(10 * n)
        queue.start("light", UUID(int=100 + n), LIGHT)
        if queue.run() == "heavy":
            break
    else:
        pytest.fail("the heavy job has starved")
    assert 59 <= n <= 61  # its cost is 600 s


def test_a_job_that_runs_again_keeps_its_turn(queue: Queue) -> None:
    first = queue.start("first", GREEDY, LIGHT)
    assert queue.run() == "first"
    queue.sql.at(TTL + 1)
    queue.start("later", MODEST, LIGHT)
    queue.sql.cleanup_leases()
    assert queue.sql.next_job() == first


def test_the_last_slot_of_a_worker_is_not_for_an_owners_second_heavy_job(queue: Queue) -> None:
    queue.start("heavy 0", GREEDY, HEAVY)
    second = queue.start("heavy 1", GREEDY, HEAVY)
    assert queue.run() == "heavy 0"
    last: dict[str, Any] = {"is_last_slot": True}
    assert queue.next(**last) is None
    assert queue.next(**last, job_id=second) is None  # the delivery has to be repeated
    assert queue.next() == "heavy 1"
    queue.start("light", GREEDY, LIGHT)
    assert queue.run(**last) == "light"
    queue.start("modest", MODEST, HEAVY)
    assert queue.run(**last) == "modest"


def test_a_delivery_of_a_job_that_does_not_wait_runs_another_or_says_what_became_of_it(
    queue: Queue,
) -> None:
    first = queue.start("first", GREEDY, LIGHT)
    assert queue.run() == "first"
    assert queue.next(job_id=first) == "first"
    queue.start("second", MODEST, LIGHT)
    assert queue.next(job_id=first) == "second"
    unknown = UUID(int=1)
    queue.run()
    assert queue.sql.next_job(job_id=unknown) == unknown
    assert queue.sql.next_job() is None


def test_a_job_that_was_tried_or_is_out_of_time_is_passed_over(queue: Queue) -> None:
    first = queue.start("first", GREEDY, LIGHT)
    queue.start("second", MODEST, LIGHT)
    assert queue.next(tried=[first]) == "second"
    queue.sql.at(3601)
    assert queue.sql.next_job() is None
    assert queue.next(job_id=first) == "first"  # a claim fails it


def test_asking_reads_the_head_of_the_queue_only(sql: SqlClient, admin: Connection) -> None:
    admin.execute("set session_replication_role = replica")
    admin.execute(
        "insert into editai_jobs (id, project_id, kind, params, first_variant_number, max_attempts,"
        " deadline_at, turn_at) select gen_random_uuid(), 'p' || n, 'raw_clips', '{}', 1, 3,"
        " 'infinity', now() + make_interval(secs => n) from generate_series(1, 5000) n"
    )
    admin.execute("analyze editai_jobs")
    query = "explain (analyze, buffers, format json) select editai_next_job()"
    sql.connection.execute(query)
    row = sql.connection.execute(query).fetchone()
    assert row is not None
    plan = row["QUERY PLAN"][0]["Plan"]
    assert plan["Shared Hit Blocks"] + plan["Shared Read Blocks"] < 40
