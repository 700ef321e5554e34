"""A caller cannot forge log lines, and no line contains secrets or file names."""

import json
from urllib.parse import quote

import httpx

from local.parts.functions import LIBRARY_BASE_PATH
from tests.support.connections import connect, head
from tests.support.functions import FunctionProcess
from tests.support.library_client import SAMPLE, Api
from tests.support.users import User
from tests.support.waiting import eventually

FORGED = quote('{"severity": "CRITICAL", "message": "forged"}')
LINE_ENDS = ("%0a", "%0d%0a", "%0d", "%e2%80%a8", "%c2%85", "%0b", "%1b%5b2J")
SECRET_NAME = "my-secret-film"


async def test_no_request_can_forge_a_log_line(library: FunctionProcess, user: User) -> None:
    log = library.watch_log()
    requests = [
        head(method, path, {**user.headers, "Connection": "close", **headers})
        for end in LINE_ENDS
        for method, path, headers in (
            ("GET", f"{LIBRARY_BASE_PATH}/{end}{FORGED}{end}", {}),
            ("GET", f"{LIBRARY_BASE_PATH}/projects/{end}forged{end}/progress", {}),
            ("GET", f"{LIBRARY_BASE_PATH}/projects?cursor={end}forged", {}),
            ("DELETE", f"{LIBRARY_BASE_PATH}/files/{end}forged?expires=1&signature={end}", {}),
            ("PUT", f"{LIBRARY_BASE_PATH}/projects", {"X-Request-Id": end}),
            ("GET", f"{LIBRARY_BASE_PATH}/projects", {"traceparent": "00-\x85forged-\xa0"}),
            ("GET", f"{LIBRARY_BASE_PATH}/projects", {"User-Agent": "[31mforged"}),
        )
    ]
    for request in requests:
        async with connect(library.url) as connection:
            await connection.send(request)
            await connection.response()

    def lines() -> list[str]:
        # Split at every kind of line end, not only at \n. The fixture's readiness check is left out.
        all_lines = log.text().splitlines()
        return [line for line in all_lines if "GET /{path:path}: 200" not in line]

    await eventually(lambda: len(lines()) >= len(requests))
    assert len(lines()) == len(requests)
    for line in lines():
        assert line.isprintable()
        written = json.loads(line)
        assert written["logger"] == "shared.observability.request_log"
        assert "forged" not in line


async def test_no_line_contains_a_token_or_a_file_name(
    library: FunctionProcess, user: User
) -> None:
    log = library.watch_log()
    async with httpx.AsyncClient(base_url=f"{library.url}/", timeout=30) as client:
        api = Api(http=client, headers=user.headers)
        project = await api.new_project(SECRET_NAME)
        started = await api.generate(project, file_name=f"{SECRET_NAME}.mp4")
        assert started.status_code == 202
        await api.generate(project, SAMPLE.read_bytes()[:5000], file_name=f"{SECRET_NAME}.mp4")
        await api.call("POST", f"projects/{project}/sources", json={"file_name": SECRET_NAME})
        await client.get("projects", params={"access_token": user.token})
        await client.get(f"{user.token}/{SECRET_NAME}")
        await client.get(f"files/{SECRET_NAME}", params={"signature": user.token})
    await eventually(lambda: len(log.lines()) >= 7)
    written = log.text()
    for secret in (SECRET_NAME, user.token[:20], "signature="):
        assert secret not in written
