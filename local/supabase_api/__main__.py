"""`python -m local.supabase_api`: serves on SUPABASE_API_PORT, with the functions' environment."""

import asyncio
import os
from uuid import UUID

import uvicorn

from local.supabase_api.app import accounts, create_app


def main() -> None:
    """Create the development user, and serve until SIGTERM."""
    asyncio.run(
        accounts().ensure_user(
            UUID(os.environ["DEVELOPER_ID"]),
            os.environ["DEVELOPER_EMAIL"],
            os.environ["DEVELOPER_PASSWORD"],
        )
    )
    uvicorn.run(
        create_app(),
        host="127.0.0.1",
        port=int(os.environ["SUPABASE_API_PORT"]),
        ws="none",
        lifespan="off",
        log_level="warning",
        # An upload that is under way is continued by its client.
        timeout_graceful_shutdown=1,
    )


if __name__ == "__main__":
    main()
