"""Checks that the database has every migration that this code needs."""

from shared.database.client import call
from shared.errors import DatabaseUnavailable, ServiceUnavailable

SCHEMA_VERSION = "20261130062051"
"""The newest migration that this code needs."""

# https://docs.postgrest.org/en/v12/references/errors.html
NO_SUCH_FUNCTION = "PGRST202"


async def check_schema() -> None:
    """Compare the database's schema version with this code's; a newer one is fine, as migrations only go forward.

    Raises ServiceUnavailable if it is older than this code, DatabaseUnavailable if it cannot be read.
    """
    if await _version() < SCHEMA_VERSION:
        raise ServiceUnavailable("A database migration is pending.")


async def _version() -> str:
    try:
        return await call("schema_version", str, repeatable=True)
    except DatabaseUnavailable as error:
        if error.code != NO_SUCH_FUNCTION:
            raise
        return ""
