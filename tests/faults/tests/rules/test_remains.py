"""What must not be left at the end of a run is found in the rows, and reported by kind."""

from typing import LiteralString

import pytest

from tests.faults.rules.remains import remains
from tests.support.database import Connection, Database

_PROJECT: LiteralString = """
    insert into editai_projects (id, owner_id, name, status)
    values ('reel', gen_random_uuid(), 'Reel', %(status)s)
"""
_JOB: LiteralString = """
    insert into editai_jobs (id, project_id, kind, status, params, first_variant_number, max_attempts,
      deadline_at, created_at, finished_at)
    select gen_random_uuid(), 'reel', 'raw_clips', %(status)s, '{}', 1, 3, now(), clock_timestamp(),
      case when %(status)s not in ('queued', 'running') then now() end
"""
_PROGRESS: LiteralString = """
    insert into editai_generation_progress (project_id, percentage) values ('reel', %(percentage)s)
"""
_LEASE: LiteralString = """
    insert into editai_locks (project_id, lease_id, holder, fencing_token, acquired_at, expires_at)
    values ('reel', gen_random_uuid(), 'test', 1, now(), now())
"""


def given(admin: Connection, project: str, *jobs: str, percentage: int | None = None) -> None:
    admin.execute(_PROJECT, {"status": project})
    for status in jobs:
        admin.execute(_JOB, {"status": status})
    if percentage is not None:
        admin.execute(_PROGRESS, {"percentage": percentage})


def test_ended_jobs_leave_nothing_behind(database: Database, admin: Connection) -> None:
    given(admin, "ready_for_triage", "cancelled", "completed", percentage=100)
    assert remains(database.admin_url) == {}


def test_a_failed_job_may_show_less_than_100_percent(database: Database, admin: Connection) -> None:
    given(admin, "failed", "completed", "failed", percentage=40)
    assert remains(database.admin_url) == {}


def test_a_job_that_still_runs_is_reported(database: Database, admin: Connection) -> None:
    given(admin, "generating", "running", percentage=40)
    assert list(remains(database.admin_url)) == ["jobs that have not ended"]


@pytest.mark.parametrize("status", ["generating", "rendering"])
def test_a_project_at_work_without_a_job_is_reported(
    database: Database, admin: Connection, status: str
) -> None:
    given(admin, status, "failed")
    assert remains(database.admin_url) == {"projects at work without a job": ("reel",)}


def test_a_lease_is_reported(database: Database, admin: Connection) -> None:
    admin.execute(_LEASE)
    assert remains(database.admin_url) == {"leases that nobody has reclaimed": ("reel",)}


def test_a_completed_job_that_shows_less_than_100_percent_is_reported(
    database: Database, admin: Connection
) -> None:
    given(admin, "ready_for_triage", "failed", "completed", percentage=99)
    assert remains(database.admin_url) == {"completed jobs that show less than 100 %": ("reel",)}


def test_the_progress_of_a_cancelled_job_is_reported(database: Database, admin: Connection) -> None:
    given(admin, "created", "completed", "cancelled", percentage=40)
    assert remains(database.admin_url) == {"cancelled jobs that show progress": ("reel",)}


def test_progress_without_a_project_is_reported(database: Database, admin: Connection) -> None:
    admin.execute("set session_replication_role = replica")
    admin.execute(_PROGRESS, {"percentage": 40})
    assert remains(database.admin_url) == {"progress of no project": ("reel",)}
