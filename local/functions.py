"""The three functions under functions-framework, with the environment a cloud would give them."""

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from local.process import Part
from local.programs import CHECKOUT
from local.readiness import answers

LIBRARY_BASE_PATH = "/api/v1/library"
NAMES = ("library", "worker", "lease_cleanup")


@dataclass(frozen=True, kw_only=True)
class Project:
    """What every function must know about the project it serves."""

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
        """The issuer of users' tokens, named as Supabase Auth names itself."""
        return f"{self.supabase_url}/auth/v1"

    @property
    def library_url(self) -> str:
        """The library's public address."""
        return f"http://127.0.0.1:{self.library_port}{LIBRARY_BASE_PATH}"

    def environment(self) -> dict[str, str]:
        """The variables that the functions read their settings from."""
        origin = self.library_url.removesuffix(LIBRARY_BASE_PATH)
        return {
            "SUPABASE_URL": self.supabase_url,
            "SUPABASE_SERVICE_ROLE_KEY": self.service_role_key,
            "SUPABASE_JWT_SECRET": self.jwt_secret,
            "SUPABASE_JWT_ISSUER": self.jwt_issuer,
            "INTERNAL_SECRET": self.internal_secret,
            "WORKER_URL": f"http://127.0.0.1:{self.worker_port}",
            "PUBLIC_URL": self.library_url,
            "STORAGE_DIRECTORY": str(self.storage_directory),
            "CORS_ALLOWED_ORIGINS": json.dumps([origin]),
            **self.overrides,
        }


def function_part(
    name: str, *, port: int, project: Project, log: Path, environment: Mapping[str, str]
) -> Part:
    """One function as a part of a stack; ready when its process answers HTTP at all."""
    source = CHECKOUT / "functions" / name / "main.py"
    path = "/openapi.json" if name == "library" else "/"
    base = LIBRARY_BASE_PATH if name == "library" else ""
    return Part(
        name=name,
        command=[
            *(sys.executable, "-m", "local.run_function", "--asgi"),
            *(f"--target={name}", f"--source={source}", f"--port={port}", "--host=127.0.0.1"),
        ],
        log=log,
        is_ready=partial(answers, f"http://127.0.0.1:{port}{base}{path}"),
        environment={**environment, "PYTHONPATH": str(CHECKOUT), **project.environment()},
    )
