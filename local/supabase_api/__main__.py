"""`python -m local.supabase_api`: serves on SUPABASE_API_PORT, with the functions' environment."""

import os

import uvicorn

from local.supabase_api.app import create_app


def main() -> None:
    """Serve until SIGTERM."""
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
