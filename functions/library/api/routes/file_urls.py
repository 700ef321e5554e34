"""Rows with the URLs of their files. A URL works for a while; then the row is asked for again."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from api.settings import get_library_settings
from shared.storage.factory import get_storage


async def with_file_urls(rows: Sequence[dict[str, Any]], **columns: str) -> list[dict[str, Any]]:
    """The rows, each with a URL for each column that holds a path: `video_url="storage_path"`.

    A file that is not there has the URL None. `urls_expire_at` says until when the others work.
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
