"""The functions of openapi-python-client."""

import json
import os
import time
from collections.abc import Callable
from http import HTTPStatus
from uuid import UUID

from editai_api import AuthenticatedClient
from editai_api.api.jobs import generate, read_progress
from editai_api.api.projects import cancel
from editai_api.models import (
    Cancellation,
    GenerateFromSource,
    JobAccepted,
    Progress,
    ProjectBusyProblem,
)

story: dict[str, str] = json.loads(os.environ["EDITAI_STORY"])
client = AuthenticatedClient(base_url=story["origin"], token=story["token"])
project = story["project_id"]
body = GenerateFromSource(source_id=UUID(story["source_id"]))


def follow(enough: Callable[[Progress], bool]) -> Progress:
    while True:
        progress = read_progress.sync(project, client=client)
        assert isinstance(progress, Progress)
        if enough(progress):
            return progress
        assert progress.outcome is None
        time.sleep(0.1)


accepted = generate.sync_detailed(project, client=client, body=body, prefer="wait=0")
assert accepted.status_code == HTTPStatus.ACCEPTED, accepted.content
assert isinstance(accepted.parsed, JobAccepted)
busy = generate.sync(project, client=client, body=body)
assert isinstance(busy, ProjectBusyProblem)
seen = follow(lambda progress: progress.percentage > 0)
cancelled = cancel.sync(project, client=client)
assert isinstance(cancelled, Cancellation)
end = follow(lambda progress: progress.outcome is not None)
job_id = accepted.parsed.job.id
print(
    json.dumps(
        {
            "problem": busy.type_,
            "followed": all(job and job.id == job_id for job in (seen.job, busy.job)),
            "cancelled": cancelled.outcome,
            "outcome": end.outcome,
            "percentage": end.percentage,
        }
    )
)
