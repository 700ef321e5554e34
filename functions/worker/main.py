"""worker: runs one job under its lease. The dispatch calls it at least once per job."""

import functions_framework.aio
from starlette.requests import Request
from starlette.responses import Response

from pipeline.ffmpeg.limits import FfmpegSettings
from pipeline.kinds import recipes
from pipeline.run.job_context import SourceSettings
from shared.auth.google_id_tokens import CallerSettings
from shared.dispatch.cloud_tasks import CloudTasksSettings
from shared.dispatch.dispatch import DispatchSettings
from shared.observability.logs import configure_logging
from shared.observability.telemetry import configure_telemetry
from shared.running.delivery import WorkerSettings, deliver
from shared.serving.functions_framework import serve_functions
from shared.serving.internal_auth import internal_only
from shared.settings import Settings, check_settings
from shared.storage.factory import StorageSettings

configure_logging()
check_settings(
    *(Settings, StorageSettings, CallerSettings, WorkerSettings, FfmpegSettings),
    *(SourceSettings, DispatchSettings, CloudTasksSettings),
)
configure_telemetry("worker")
serve_functions()


@functions_framework.aio.http
@internal_only
async def worker(request: Request) -> Response:
    """Handle a delivery `{"job_id"}`: 200 when the job has ended or needs no run, 202 when it runs on."""
    return await deliver(request, recipes)
