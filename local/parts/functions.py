"""The three functions under functions-framework, with the environment that they have in a cloud."""

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from local.processes.process import Part
from local.processes.readiness import responds
from local.programs import CHECKOUT

LIBRARY_BASE_PATH = "/api/v1/library"
NAMES = ("library", "worker", "lease_cleanup")

PAGES_OF_THIS_MACHINE = ("http://localhost:*", "http://127.0.0.1:*", "https://localhost:*")
"""A front end under development is served from some port of its own."""

# Variables that the shell of `make up` may set for the functions. They see no others of that shell.
_PASSED_THROUGH = (
    *("LEASE_TTL_SECONDS", "DISPATCH_TTL_SECONDS", "JOB_DEADLINE_SECONDS", "JOB_MAX_ATTEMPTS"),
    *("ATTEMPT_SECONDS", "WORKER_CONCURRENCY", "FFMPEG_MEMORY_BYTES", "MAX_JOB_SOURCE_BYTES"),
    *("MAX_UPLOAD_BYTES", "MAX_FILE_BYTES", "MAX_ACTIVE_JOBS_PER_USER"),
    *("MAX_STARTS_PER_MINUTE", "MAX_PROBES_PER_MINUTE"),
    *("MAX_PROJECTS_PER_USER", "MAX_PENDING_SOURCES_PER_USER"),
    *("JOB_RETENTION_DAYS", "IDEMPOTENCY_KEY_DAYS", "WORKER_URLS"),
    *("SLOW_HEAD_SECONDS", "SLOW_BODY_SECONDS"),
    *("CORS_ALLOWED_ORIGINS", "LOG_LEVEL"),
    *("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_HEADERS", "OTEL_RESOURCE_ATTRIBUTES"),
    *("OTEL_TRACES_SAMPLER", "OTEL_TRACES_SAMPLER_ARG", "OTEL_METRIC_EXPORT_INTERVAL"),
)


def settings_of_caller() -> Mapping[str, str]:
    """The functions' settings in this process's environment."""
    return {name: os.environ[name] for name in _PASSED_THROUGH if os.environ.get(name)}


@dataclass(frozen=True, kw_only=True)
class Project:
    """What every function must know about its project."""

    supabase_url: str
    service_role_key: str
    jwt_secret: str
    internal_secret: str
    storage_directory: Path
    library_port: int
    worker_port: int
    overrides: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def jwt_issuer(self) -> str:
        """The issuer of users' tokens, as Supabase Auth names itself."""
        return f"{self.supabase_url}/auth/v1"

    @property
    def library_url(self) -> str:
        """The library's public URL."""
        return f"http://127.0.0.1:{self.library_port}{LIBRARY_BASE_PATH}"

    def environment(self) -> dict[str, str]:
        """The environment variables from which the functions read their settings."""
        return {
            "SUPABASE_URL": self.supabase_url,
            "SUPABASE_SERVICE_ROLE_KEY": self.service_role_key,
            "SUPABASE_JWT_SECRET": self.jwt_secret,
            "SUPABASE_JWT_ISSUER": self.jwt_issuer,
            "INTERNAL_SECRET": self.internal_secret,
            "WORKER_URL": f"http://127.0.0.1:{self.worker_port}",
            "PUBLIC_URL": self.library_url,
            "STORAGE_DIRECTORY": str(self.storage_directory),
            "RESUMABLE_UPLOAD_URL": f"{self.supabase_url}/storage/v1/upload/resumable/sign",
            "WEBHOOKS_TO_LOOPBACK": "true",
            "CORS_ALLOWED_ORIGINS": json.dumps(PAGES_OF_THIS_MACHINE),
            **self.overrides,
        }


def function_part(
    name: str,
    *,
    port: int,
    project: Project,
    log: Path,
    environment: Mapping[str, str],
    source: Path | None = None,
) -> Part:
    """One function as a part of a stack; ready when its process responds to HTTP. `source` is another one's main.py."""
    source = source or CHECKOUT / "functions" / name / "main.py"
    path = "/openapi.json" if name == "library" else "/"
    base = LIBRARY_BASE_PATH if name == "library" else ""
    return Part(
        name=name,
        command=[
            *(sys.executable, "-m", "local.processes.run_function", "--asgi"),
            *(f"--target={name}", f"--source={source}", f"--port={port}", "--host=127.0.0.1"),
        ],
        log=log,
        is_ready=partial(responds, f"http://127.0.0.1:{port}{base}{path}"),
        environment={**environment, **project.environment()},
    )
