"""Edge functions under Deno, served at the gateway's /functions/v1 as on Supabase."""

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from local.parts.functions import Project
from local.processes.process import Part
from local.processes.readiness import responds
from local.programs import CHECKOUT, DENO

_FUNCTIONS = CHECKOUT / "supabase" / "functions"
_CONFIG = CHECKOUT / "supabase" / "config.toml"
_RUNTIME = Path(__file__).with_name("edge_runtime.ts")

# Deno downloads nothing and never prompts.
_OFFLINE = ("--no-remote", "--no-npm", "--no-lock", "--no-prompt", "--quiet")


@dataclass(frozen=True, kw_only=True)
class EdgeFunction:
    """One function: its module, and whether its callers need a token of the project."""

    module: str
    verify_jwt: bool


def edge_functions() -> Mapping[str, EdgeFunction]:
    """Every function by name, configured by config.toml."""
    config = tomllib.loads(_CONFIG.read_text()).get("functions", {})
    return {
        module.parent.name: EdgeFunction(
            module=module.as_uri(),
            verify_jwt=config.get(module.parent.name, {}).get("verify_jwt", True),
        )
        for module in sorted(_FUNCTIONS.glob("[!_]*/index.ts"))
    }


def edge_part(
    *,
    port: int,
    project: Project,
    cache: Path,
    log: Path,
    environment: Mapping[str, str],
) -> Part:
    """All edge functions in one process, as a part of a stack."""
    functions = {name: vars(function) for name, function in edge_functions().items()}
    return Part(
        name="edge",
        command=[
            *(str(DENO), "run", *_OFFLINE),
            *("--allow-net=127.0.0.1", "--allow-env", f"--allow-read={_FUNCTIONS}"),
            str(_RUNTIME),
        ],
        log=log,
        is_ready=partial(responds, f"http://127.0.0.1:{port}/_internal/health"),
        environment={
            **environment,
            "DENO_DIR": str(cache),
            "DENO_NO_PACKAGE_JSON": "1",
            "DENO_NO_UPDATE_CHECK": "1",
            "EDGE_FUNCTIONS": json.dumps(functions),
            "EDGE_JWT_SECRET": project.jwt_secret,
            "EDGE_PORT": str(port),
            "LIBRARY_URL": project.library_url,
            "SUPABASE_SERVICE_ROLE_KEY": project.service_role_key,
            "SUPABASE_URL": project.supabase_url,
            **project.overrides,
        },
    )
