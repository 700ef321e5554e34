"""library: the public API."""

import gc
from typing import cast

import functions_framework.aio
from starlette.requests import Request
from starlette.responses import Response

from api.app import create_app
from api.http.protocol import LibraryProtocol
from api.settings import LibrarySettings
from shared.auth.users import AuthSettings
from shared.dispatch.cloud_tasks import CloudTasksSettings
from shared.dispatch.dispatch import DispatchSettings
from shared.observability.logs import configure_logging
from shared.observability.telemetry import configure_telemetry
from shared.serving.functions_framework import serve_functions
from shared.settings import Settings, check_settings
from shared.storage.factory import StorageSettings
from shared.webhooks.settings import WebhookSettings

configure_logging()
check_settings(
    Settings,
    StorageSettings,
    LibrarySettings,
    AuthSettings,
    DispatchSettings,
    CloudTasksSettings,
    WebhookSettings,
)
configure_telemetry("library")
serve_functions(LibraryProtocol)
app = create_app()
# These objects live as long as the process. Unfrozen, a full collection would scan all of them and block every request.
gc.collect()
gc.freeze()


@functions_framework.aio.http
async def library(_request: Request) -> Response:
    """Return the application, which the framework then calls like any response."""
    return cast("Response", app)
