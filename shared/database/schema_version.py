"""Whether the database is as new as this code."""

from shared.database.client import QueryFailed, call
from shared.errors import ServiceUnavailable

SCHEMA_VERSION = "20261129104221"
"""The newest migration that this code was written for."""

# https://docs.postgrest.org/en/v12/references/errors.html
NO_SUCH_FUNCTION = "PGRST202"


async def check_schema() -> None:
    """Ask the database for its version; a newer one is fine, because migrations only go forward.

    Raises ServiceUnavailable when it is older than this code, DatabaseUnavailable.
    """
    if await _version() < SCHEMA_VERSION:
        raise ServiceUnavailable("The database waits for a migration.")


async def _version() -> str:
    try:
        return await call("schema_version")
    except QueryFailed as error:
        if error.sqlstate != NO_SUCH_FUNCTION:
            raise
        return ""
