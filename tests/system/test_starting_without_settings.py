"""A function with missing or invalid settings does not start, and names all of them at once."""

import os
import subprocess
import sys

import pytest

from local.programs import CHECKOUT
from local.stack.ports import claim_free_port

# As docs/operations.md starts a function that runs from the checkout.
COMMAND = [sys.executable, "-m", "functions_framework", "--asgi", "--host=127.0.0.1"]

WRONG = {
    "SUPABASE_URL": "supabase.test",
    "SUPABASE_SERVICE_ROLE_KEY": "",
    "SUPABASE_JWT_SECRET": "guessable",
    "INTERNAL_SECRET": "guessable",
    "PUBLIC_URL": "https://library.test/",
    "WORKER_URL": "worker.test",
    "WORKER_CONCURRENCY": "0",
    "FFMPEG_MEMORY_BYTES": "4GB",
    "CORS_ALLOWED_ORIGINS": "https://page.test",
    "LEASE_TTL_SECONDS": "a minute",
    "CLOUD_TASKS_QUEUE": "projects/p/locations/l/queues/q",
    "GOOGLE_OIDC_AUDIENCE": "https://worker.test",
}
COMMON = {"SUPABASE_URL", "SUPABASE_SERVICE_ROLE_KEY", "INTERNAL_SECRET", "LEASE_TTL_SECONDS"}
DISPATCH = {"WORKER_URL", "CLOUD_TASKS_SERVICE_ACCOUNT"}
CALLERS = {"GOOGLE_OIDC_SERVICE_ACCOUNT"}
USERS = {"SUPABASE_JWT_SECRET", "SUPABASE_JWT_ISSUER"}


def start(name: str, **settings: str) -> str:
    """The last line that a function prints when it is started with these settings; it must exit."""
    claim = claim_free_port()
    source = CHECKOUT / "functions" / name / "main.py"
    try:
        ended = subprocess.run(
            [*COMMAND, f"--target={name}", f"--source={source}", f"--port={claim.number}"],
            env={"PATH": os.defpath, **settings},
            check=False,
            capture_output=True,
            text=True,
            timeout=60,
        )
    finally:
        claim.release()
    assert ended.returncode != 0
    return ended.stderr.splitlines()[-1]


@pytest.mark.parametrize(
    ("name", "named"),
    [
        ("library", {"PUBLIC_URL", "WORKER_URL", "SUPABASE_JWT_ISSUER", "SUPABASE_JWKS_URL"}),
        ("worker", {"WORKER_URL"}),
        ("lease_cleanup", {"WORKER_URL"}),
    ],
)
def test_a_function_without_settings_names_each_missing_one(name: str, named: set[str]) -> None:
    message = start(name)

    needed = {"SUPABASE_URL", "SUPABASE_SERVICE_ROLE_KEY", "INTERNAL_SECRET", *named}
    assert {each for each in needed if f"{each} (" in message} == needed, message
    assert message.count("SUPABASE_SERVICE_ROLE_KEY (") == 1


@pytest.mark.parametrize(
    ("name", "named"),
    [
        ("library", COMMON | DISPATCH | USERS | {"PUBLIC_URL", "CORS_ALLOWED_ORIGINS"}),
        ("worker", COMMON | DISPATCH | CALLERS | {"WORKER_CONCURRENCY", "FFMPEG_MEMORY_BYTES"}),
        ("lease_cleanup", COMMON | DISPATCH | CALLERS),
    ],
)
def test_a_function_with_bad_settings_names_each_and_shows_no_value(
    name: str, named: set[str]
) -> None:
    message = start(name, **WRONG)

    assert {each for each in named if f"{each} (" in message} == named, message
    assert "guessable" not in message
