"""SIGTERM: the library finishes the requests that it has, and waits no longer for busy projects."""

import asyncio
from pathlib import Path

from local.parts.functions import LIBRARY_BASE_PATH
from tests.api.jobs.test_busy_projects import hold
from tests.support.connections import connect, head
from tests.support.functions import FunctionProcess
from tests.support.library_client import Api, Traces, problem
from tests.support.waiting import eventually

FORM = "multipart/form-data; boundary=b"
DISPOSITION = b'Content-Disposition: form-data; name="video"; filename="a.mp4"'


async def terminate(library: FunctionProcess) -> None:
    """Send the signal, and wait until the library accepts no connection."""
    assert library.process is not None
    library.process.request_stop()

    async def refused() -> bool:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", library.port)
        except ConnectionError:
            return True
        writer.close()
        return False

    await eventually(refused, 5)


async def exited(library: FunctionProcess) -> None:
    assert library.process is not None
    await eventually(library.process.has_exited, 5)


async def test_an_upload_that_is_arriving_is_completed_and_starts_its_job(
    running: Api, library: FunctionProcess, traces: Traces, small_video: Path
) -> None:
    project = await running.new_project()
    video = await asyncio.to_thread(small_video.read_bytes)
    upload = b"--b\r\n" + DISPOSITION + b"\r\n\r\n" + video + b"\r\n--b--\r\n"
    headers = {**running.headers, "Content-Length": str(len(upload)), "Content-Type": FORM}
    async with connect(library.url) as connection:
        target = f"{LIBRARY_BASE_PATH}/projects/{project}/generate"
        half = len(upload) // 2
        await connection.send(head("POST", target, headers) + upload[:half])
        assert not await connection.closed(within=0.5)
        await terminate(library)
        await connection.send(upload[half:])
        assert (await connection.response()).status == 202
        assert await connection.closed(within=5)
    await exited(library)
    assert len(traces.files()) == traces.count("editai_sources") == traces.count("editai_jobs") == 1


async def test_a_request_that_waits_for_a_busy_project_gets_its_409_at_once(
    running: Api, library: FunctionProcess
) -> None:
    project = await running.new_project()
    await hold(project)
    log = library.watch_log()
    body = {"source_id": "3f0c5a0e-2d8e-4d7c-8f43-0a1b2c3d4e5f"}
    request = asyncio.create_task(
        running.call(
            "POST", f"projects/{project}/generate", json=body, headers={"Prefer": "wait=60"}
        )
    )
    done, _ = await asyncio.wait({request}, timeout=0.5)
    assert not done, "it does not wait"
    await terminate(library)
    async with asyncio.timeout(5):
        answer = await request
    problem(answer, 409, "project-busy")
    assert answer.headers["retry-after"]
    await exited(library)
    assert not log.lines(severity="ERROR")
