"""PostgREST: the REST API of one database, configured as on Supabase."""

import socket
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from local.processes.process import Part
from local.programs import POSTGREST


def postgrest_part(
    *,
    port: int,
    database_url: str,
    jwt_secret: str,
    log: Path,
    environment: Mapping[str, str],
    pool_size: int = 20,
) -> Part:
    """PostgREST as a part of a stack. Only the gateway's readiness check shows that it has loaded the schema."""
    settings = {
        "PGRST_DB_URI": database_url,
        "PGRST_DB_SCHEMAS": "public",
        "PGRST_DB_EXTRA_SEARCH_PATH": "public,extensions",
        "PGRST_DB_ANON_ROLE": "anon",
        "PGRST_DB_MAX_ROWS": "1000",
        "PGRST_DB_POOL": str(pool_size),
        "PGRST_JWT_SECRET": jwt_secret,
        "PGRST_SERVER_HOST": "127.0.0.1",
        "PGRST_SERVER_PORT": str(port),
        "PGRST_LOG_LEVEL": "error",
    }
    return Part(
        name="postgrest",
        command=[str(POSTGREST)],
        log=log,
        is_ready=partial(_listens, port),
        environment={**environment, **settings},
    )


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
