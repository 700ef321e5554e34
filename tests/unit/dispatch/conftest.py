from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.dispatch.cloud_tasks import CloudTasksSettings
from shared.dispatch.google_credentials import AccessTokens
from tests.unit.dispatch.google import QUEUE, Google, serve_google

ACCOUNT = "editai-tasks@reel-project.iam.gserviceaccount.com"


@pytest.fixture
def google() -> Iterator[Google]:
    with serve_google() as google:
        yield google


@pytest.fixture
def tokens(google: Google, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AccessTokens:
    file = google.credentials_file(tmp_path)
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(file))
    return AccessTokens()


@pytest.fixture
def queue(google: Google) -> CloudTasksSettings:
    return CloudTasksSettings(
        cloud_tasks_queue=QUEUE,
        cloud_tasks_service_account=ACCOUNT,
        cloud_tasks_url=google.url,
    )
