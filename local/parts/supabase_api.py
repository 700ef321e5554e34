"""What a Supabase project serves besides its data API, as one part of the stack (see local.supabase_api)."""

import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from local.parts.functions import Project
from local.processes.process import Part
from local.processes.readiness import responds


def supabase_api_part(
    *, port: int, project: Project, log: Path, environment: Mapping[str, str]
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
        },
    )
