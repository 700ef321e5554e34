"""An upload with the real tus-js-client that loses its connection, and then its server."""

import asyncio
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from shared.storage.factory import get_storage
from shared.storage.local_directory import LocalStorage
from tests.api.supabase_api.cutting import cut_line
from tests.support import javascript
from tests.support.library_client import SAMPLE, Api, Traces, problem
from tests.support.supabase_api import SupabaseApiProcess
from tests.support.waiting import eventually

PROGRAM = Path(__file__).with_name("upload.ts")
MEGABYTE = 1_000_000


def large_video(folder: Path, size: int) -> Path:
    """A video of this size. A box of type `free` may follow in any MP4; readers skip it."""
    video = folder / "large.mp4"
    sample = SAMPLE.read_bytes()
    rest = size - len(sample)
    filling = (bytes(range(256)) * (rest // 256 + 1))[: rest - 8]
    video.write_bytes(sample + rest.to_bytes(4) + b"free" + filling)
    return video


async def announced(api: Api, project: str) -> dict[str, Any]:
    answer = await api.call("POST", f"projects/{project}/sources", json={"file_name": "a.mp4"})
    assert answer.status_code == 201, answer.text
    return answer.json()


def received(traces: Traces) -> int:
    """The bytes that the server has written of unfinished uploads."""
    return sum(file.stat().st_size for file in traces.storage.glob(".uploads/*/data"))


async def test_an_upload_goes_on_where_it_was(
    supabase_api: SupabaseApiProcess, api: Api, project: str, traces: Traces, tmp_path: Path
) -> None:
    """The line is cut in the second chunk, and the server is killed after it."""
    video = large_video(tmp_path, 20 * MEGABYTE)
    created = await announced(api, project)
    source, resumable = created["source"], created["resumable"]
    port = urlsplit(str(resumable["url"])).port
    assert port is not None
    async with cut_line(port, after_bytes=8 * MEGABYTE) as line:
        url = resumable["url"].replace(f":{port}/", f":{line}/")
        argument = {
            "resumable": resumable | {"url": url},
            "file": str(video),
            "retry_delays": [0, 200, 500, 1000, 2000, 3000],
            "in_creation": True,
        }
        async with javascript.running(PROGRAM, argument) as client:
            await eventually(lambda: received(traces) > 7 * MEGABYTE)
            early = await api.call("POST", f"sources/{source['id']}/confirm")
            assert problem(early, 422, "unusable-video")["reason"] == "not_uploaded"
            await asyncio.to_thread(supabase_api.kill)
            await asyncio.to_thread(supabase_api.start)
            report = await javascript.result(client)

    assert report["outcome"] == "uploaded"
    methods = [method for method, _, _ in report["requests"]]
    assert methods.count("POST") == 1
    assert "HEAD" in methods
    storage = get_storage()
    assert isinstance(storage, LocalStorage)
    stored = await storage.fetch(resumable["metadata"]["objectName"], tmp_path)
    assert stored.read_bytes() == video.read_bytes()
    assert not received(traces)
    confirmed = await api.call("POST", f"sources/{source['id']}/confirm")
    assert confirmed.json()["size_bytes"] == 20 * MEGABYTE
