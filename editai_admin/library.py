"""Asks the library whether it is ready: it alone knows whether it reaches its storage."""

import os
from typing import Any

import httpx

from shared.errors import DatabaseUnavailable, StorageUnavailable
from shared.ops.records import Finding

TIMEOUT_SECONDS = 10.0

_FINDINGS = {
    StorageUnavailable.problem_type(): Finding(
        code="storage-broken",
        what="The library cannot use its storage: attempts are abandoned, and uploads refused.",
        then=(
            "gcloud tasks queues pause editai-jobs --location=REGION",
            "gcloud tasks queues resume editai-jobs --location=REGION",
        ),
    ),
    DatabaseUnavailable.problem_type(): Finding(
        code="database-away", what="The library cannot reach the database."
    ),
}


async def check_library() -> list[Finding]:
    """What the library's readyz reports. Nothing without PUBLIC_URL, the library's address."""
    url = os.environ.get("PUBLIC_URL")
    if not url:
        return []
    try:
        async with httpx.AsyncClient(timeout=TIMEOUT_SECONDS) as client:
            response = await client.get(f"{url}/readyz")
            problem: dict[str, Any] = {} if response.is_success else response.json()
    except (httpx.HTTPError, ValueError) as error:
        what = f"The library does not respond at {url}: {type(error).__name__}."
        return [Finding(code="library-away", what=what)]
    if not problem:
        return []
    unknown = Finding(code="library-not-ready", what=str(problem.get("detail", problem)))
    return [_FINDINGS.get(problem.get("type", ""), unknown)]
