"""Adds signed URLs of files to rows. The URLs expire; clients then read the resource again."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from api.settings import get_library_settings
from shared.storage.factory import get_storage


async def with_file_urls(rows: Sequence[dict[str, Any]], **columns: str) -> list[dict[str, Any]]:
    """The rows, each with a URL for each given path column: `video_url="storage_path"`.

    The URL of a missing file is None. `urls_expire_at` is when the other URLs expire.
    """
    ttl_seconds = get_library_settings().url_ttl_seconds
    expire_at = datetime.now(UTC) + timedelta(seconds=ttl_seconds)
    paths = [row[column] for row in rows for column in columns.values() if row[column]]
    urls = await get_storage().download_urls(paths, expires_in_seconds=ttl_seconds)
    return [
        row
        | {name: urls.get(row[column]) for name, column in columns.items()}
        | {"urls_expire_at": expire_at}
        for row in rows
    ]
