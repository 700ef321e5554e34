"""Dispatching a job through Cloud Tasks."""

import base64
import json
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from shared.dispatch.cloud_tasks import CloudTasksSettings, enqueue, get_cloud_tasks_settings
from shared.dispatch.dispatch import dispatch
from shared.dispatch.google_credentials import AccessTokens, get_access_tokens
from shared.observability.trace_context import traced
from shared.settings import MissingSettings, get_settings, read_settings
from tests.unit.dispatch.google import ACCESS_TOKEN, QUEUE, Google, google_error

WORKER = "https://editai-worker-1234567890.europe-west1.run.app"

Enqueue = Callable[[UUID, int | None], Awaitable[bool]]


@pytest.fixture
def enqueue_job(queue: CloudTasksSettings, tokens: AccessTokens) -> Enqueue:
    async def enqueue_job(job_id: UUID, fencing_token: int | None) -> bool:
        return await enqueue(
            job_id, fencing_token=fencing_token, worker_url=WORKER, settings=queue, tokens=tokens
        )

    return enqueue_job


async def test_a_task_delivers_the_job_to_the_worker_under_the_queues_account(
    enqueue_job: Enqueue, google: Google
) -> None:
    job_id = uuid4()

    assert await enqueue_job(job_id, None)

    task = google.tasks[f"{QUEUE}/tasks/{job_id}"]
    request = task["httpRequest"]
    assert task["dispatchDeadline"] == "1800s"
    assert (request["httpMethod"], request["url"]) == ("POST", WORKER)
    assert json.loads(base64.b64decode(request["body"])) == {"job_id": str(job_id)}
    assert request["oidcToken"] == {
        "serviceAccountEmail": "editai-tasks@reel-project.iam.gserviceaccount.com",
        "audience": WORKER,
    }


async def test_a_delivery_does_not_ask_for_an_early_response(
    enqueue_job: Enqueue, google: Google
) -> None:
    await enqueue_job(uuid4(), 1)

    (task,) = google.tasks.values()
    assert task["httpRequest"]["headers"] == {"Content-Type": "application/json"}


async def test_a_delivery_continues_the_trace_of_the_request(
    enqueue_job: Enqueue, google: Google
) -> None:
    headers = {"traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}

    with traced(headers):
        await enqueue_job(uuid4(), None)

    (task,) = google.tasks.values()
    assert headers.items() <= task["httpRequest"]["headers"].items()


@pytest.mark.parametrize("fencing_token", [None, 7])
async def test_a_repeated_dispatch_succeeds_and_queues_nothing_twice(
    enqueue_job: Enqueue, google: Google, fencing_token: int | None
) -> None:
    job_id = uuid4()

    assert await enqueue_job(job_id, fencing_token)
    assert await enqueue_job(job_id, fencing_token)

    assert len(google.tasks) == 1


async def test_each_dispatch_of_a_requeued_job_gets_its_own_task(
    enqueue_job: Enqueue, google: Google
) -> None:
    job_id = uuid4()

    for fencing_token in (None, 7, 8):
        assert await enqueue_job(job_id, fencing_token)

    names = [str(job_id), f"{job_id}-7", f"{job_id}-8"]
    assert list(google.tasks) == [f"{QUEUE}/tasks/{name}" for name in names]


async def test_a_lost_response_is_retried_and_queues_the_job_once(
    enqueue_job: Enqueue, google: Google
) -> None:
    google.lost_responses = 1

    assert await enqueue_job(uuid4(), 7)

    assert google.requests.count(f"/v2/{QUEUE}/tasks") == 2
    assert len(google.tasks) == 1


async def test_a_transient_error_of_google_is_retried_without_a_warning(
    enqueue_job: Enqueue, google: Google, caplog: pytest.LogCaptureFixture
) -> None:
    google.failures = [google_error(503, "UNAVAILABLE")]

    with caplog.at_level(logging.WARNING, "shared.dispatch.cloud_tasks"):
        assert await enqueue_job(uuid4(), 7)

    assert caplog.messages == []


async def test_an_error_that_persists_is_logged_once(
    enqueue_job: Enqueue, google: Google, caplog: pytest.LogCaptureFixture
) -> None:
    google.failures = [google_error(503, "UNAVAILABLE")] * 2
    job_id = uuid4()

    with caplog.at_level(logging.WARNING, "shared.dispatch.cloud_tasks"):
        assert not await enqueue_job(job_id, 7)

    assert caplog.messages == [f"job {job_id} was not queued: 503 UNAVAILABLE"]


async def test_a_job_that_cannot_be_queued_is_left_for_cleanup_with_the_reason_in_the_log(
    enqueue_job: Enqueue, google: Google, caplog: pytest.LogCaptureFixture
) -> None:
    google.failures = [google_error(403, "PERMISSION_DENIED", f"{ACCESS_TOKEN} lacks a permission")]

    with caplog.at_level(logging.WARNING, "shared.dispatch.cloud_tasks"):
        assert not await enqueue_job(uuid4(), 7)

    assert google.requests.count(f"/v2/{QUEUE}/tasks") == 1
    assert caplog.messages[0].endswith("was not queued: 403 PERMISSION_DENIED")
    assert ACCESS_TOKEN not in caplog.text


async def test_without_an_access_token_the_job_is_left_for_cleanup(
    queue: CloudTasksSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "nothing.json"))

    assert not await enqueue(
        uuid4(), fencing_token=1, worker_url=WORKER, settings=queue, tokens=AccessTokens()
    )


async def test_an_access_token_is_fetched_once_for_many_dispatches(
    enqueue_job: Enqueue, google: Google
) -> None:
    for fencing_token in range(3):
        await enqueue_job(uuid4(), fencing_token)

    assert google.requests.count("/token") == 1


async def test_dispatch_uses_the_configured_queue(
    queue: CloudTasksSettings,
    tokens: AccessTokens,
    google: Google,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    del tokens
    for name, value in queue.model_dump().items():
        monkeypatch.setenv(name.upper(), value)
    get_cloud_tasks_settings.cache_clear()
    get_access_tokens.cache_clear()
    try:
        assert await dispatch(uuid4(), get_settings(), fencing_token=3)
    finally:
        get_cloud_tasks_settings.cache_clear()
        get_access_tokens.cache_clear()

    assert len(google.tasks) == 1


def test_a_queue_without_an_account_is_refused_at_the_start(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CLOUD_TASKS_QUEUE", QUEUE)

    with pytest.raises(MissingSettings, match="CLOUD_TASKS_SERVICE_ACCOUNT"):
        read_settings(CloudTasksSettings)
