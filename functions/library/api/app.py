"""The application: all routes under one base path."""

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware

from api.http.body_timeout import BodyTimeout
from api.http.middleware import CatchUnexpectedErrors, DrainUnreadBody, NormalizeResponses
from api.http.problems import install_handlers
from api.http.query import KNOWN_QUERY
from api.openapi import docs_page
from api.openapi.document import document, operation_id
from api.routes import (
    clips,
    exports,
    generate,
    jobs,
    presets,
    progress,
    projects,
    render,
    segments,
    sources,
    webhooks,
)
from api.routes.fast_path import NoSuchPath, fast_path_routes
from api.routes.files import files_router, local_storage
from api.routes.service import health, ops
from api.settings import get_library_settings
from shared import __version__
from shared.observability.request_log import RequestLog

BASE_PATH = "/api/v1/library"

EXPOSED_HEADERS = (
    "Content-Range",
    "ETag",
    "Idempotency-Replayed",
    "Job-Status",
    "Location",
    "Preference-Applied",
    "RateLimit",
    "RateLimit-Policy",
    "Retry-After",
    "WWW-Authenticate",
)
"""The response headers that a page of another origin may read, besides those that CORS always allows."""


def create_app() -> FastAPI:
    """Create the application. Raises MissingSettings if the environment is incomplete."""
    app = FastAPI(
        title="EditAI library",
        version=__version__,
        routes=[NoSuchPath(), *fast_path_routes(BASE_PATH)],
        openapi_url=f"{BASE_PATH}/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=operation_id,
        # We record our own telemetry. FastAPI's spans would contain exception messages, which may quote user data.
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    for module in (
        projects,
        sources,
        generate,
        segments,
        render,
        progress,
        jobs,
        clips,
        exports,
        presets,
        health,
        ops,
        webhooks,
    ):
        app.include_router(module.router, prefix=BASE_PATH, dependencies=[KNOWN_QUERY])
    if storage := local_storage():
        app.include_router(files_router(storage), prefix=BASE_PATH, dependencies=[KNOWN_QUERY])
    app.include_router(docs_page.router, prefix=BASE_PATH)
    app.include_router(docs_page.root_redirect)
    install_handlers(app)
    _add_middleware(app)
    document(app, base_path=BASE_PATH)
    return app


def _add_middleware(app: FastAPI) -> None:
    """Add the middleware from the inside out."""
    app.add_middleware(BodyTimeout)
    app.add_middleware(DrainUnreadBody)
    app.add_middleware(CatchUnexpectedErrors)
    app.add_middleware(RequestLog)
    app.add_middleware(
        CORSMiddleware,
        allow_origin_regex=get_library_settings().cors_origin_pattern,
        allow_methods=("GET", "POST", "PUT", "PATCH", "DELETE"),
        allow_headers=("*",),
        expose_headers=EXPOSED_HEADERS,
    )
    app.add_middleware(NormalizeResponses)
