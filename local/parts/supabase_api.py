"""What a Supabase project serves besides its data API, as one part of the stack (see local.supabase_api)."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from local.parts.functions import Project
from local.processes.process import Part
from local.processes.readiness import responds


@dataclass(frozen=True, kw_only=True)
class Developer:
    """The user that the stack creates. The id is always the same, so a new sign-in sees what an earlier one created."""

    password: str
    email: str = "dev@example.com"
    id: str = "8f2c1d6e-5b0a-4c57-9d43-2a7e6b91c0f4"


def supabase_api_part(
    *,
    port: int,
    project: Project,
    database_url: str,
    developer: Developer,
    log: Path,
    environment: Mapping[str, str],
) -> Part:
    """Auth, Storage and Realtime as far as they exist here, as a part of a stack."""
    return Part(
        name="supabase_api",
        command=[sys.executable, "-m", "local.supabase_api"],
        log=log,
        is_ready=partial(responds, f"http://127.0.0.1:{port}/storage/v1/status"),
        environment={
            **environment,
            **project.environment(),
            "SUPABASE_API_PORT": str(port),
            "AUTH_DATABASE_URL": database_url,
            "DEVELOPER_ID": developer.id,
            "DEVELOPER_EMAIL": developer.email,
            "DEVELOPER_PASSWORD": developer.password,
        },
    )
