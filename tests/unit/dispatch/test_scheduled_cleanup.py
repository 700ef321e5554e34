"""lease_cleanup, called as Cloud Scheduler calls it, dispatches jobs through Cloud Tasks."""

from collections.abc import Iterator
from pathlib import Path
from uuid import UUID, uuid4

import httpx
import pytest
from psycopg.types.json import Jsonb

from tests.support.database import Clock, Connection
from tests.support.functions import FunctionProcess
from tests.unit.dispatch.conftest import ACCOUNT
from tests.unit.dispatch.google import QUEUE, Google

SCHEDULER = "editai-scheduler@reel-project.iam.gserviceaccount.com"
AUDIENCE = "https://lease-cleanup.example"


@pytest.fixture
def cleanup_in_the_cloud(
    lease_cleanup: FunctionProcess, google: Google, tmp_path: Path
) -> Iterator[FunctionProcess]:
    lease_cleanup.start(
        GOOGLE_OIDC_AUDIENCE=AUDIENCE,
        GOOGLE_OIDC_SERVICE_ACCOUNT=SCHEDULER,
        GOOGLE_JWKS_URL=f"{google.url}/certs",
        GOOGLE_APPLICATION_CREDENTIALS=str(google.credentials_file(tmp_path)),
        CLOUD_TASKS_QUEUE=QUEUE,
        CLOUD_TASKS_SERVICE_ACCOUNT=ACCOUNT,
        CLOUD_TASKS_URL=google.url,
    )
    yield lease_cleanup
    lease_cleanup.stop()


def trigger(function: FunctionProcess, token: str) -> httpx.Response:
    headers = {"Authorization": f"Bearer {token}"}
    return httpx.post(function.url, headers=headers, timeout=10)


def start_job(connection: Connection) -> UUID:
    """A job of a new project, under its first dispatch lease."""
    job_id = uuid4()
    project = connection.execute(
        "select (editai_create_project(%s, 'Reel')).id", [uuid4()]
    ).fetchone()
    assert project is not None
    connection.execute(
        "select editai_start_job(%s, null, %s, 'raw_clips', %s, %s, 'dispatch', 30, 3600, 3)",
        [project["id"], job_id, Jsonb({}), uuid4()],
    )
    return job_id


def test_an_expired_dispatch_is_requeued_under_a_new_lease(
    cleanup_in_the_cloud: FunctionProcess, google: Google, service_role: Connection, clock: Clock
) -> None:
    job_id = start_job(service_role)
    clock.advance(31)

    response = trigger(cleanup_in_the_cloud, google.id_token(aud=AUDIENCE, email=SCHEDULER))

    assert response.status_code == 200
    assert (response.json()["requeued"], response.json()["dispatched"]) == (1, 1)
    lease = service_role.execute(
        "select fencing_token from editai_locks where job_id = %s", [job_id]
    ).fetchone()
    assert lease is not None
    assert list(google.tasks) == [f"{QUEUE}/tasks/{job_id}-{lease['fencing_token']}"]


def test_only_the_schedulers_account_may_call_cleanup(
    cleanup_in_the_cloud: FunctionProcess, google: Google
) -> None:
    status_of_token = {
        google.id_token(aud=AUDIENCE, email=ACCOUNT): 403,
        google.id_token(aud="https://worker.example", email=SCHEDULER): 401,
        google.id_token(aud=AUDIENCE, email=SCHEDULER, exp=1): 401,
        cleanup_in_the_cloud.project.internal_secret: 401,
    }

    for token, status in status_of_token.items():
        response = trigger(cleanup_in_the_cloud, token)
        assert response.status_code == status
        assert response.headers["content-type"] == "application/problem+json"
