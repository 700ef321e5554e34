"""The calls of docs/api.md with curl: a large upload that is cut off, and all that follows until the clip is there."""

import asyncio
import json
import os
import re
from contextlib import suppress
from pathlib import Path

import psutil

from shared.media.probe import probe
from tests.clients.conftest import LARGE_BYTES
from tests.support.backend import Backend
from tests.support.waiting import eventually
from tests.tools.docs import pages

FIELD = re.search(r"^field\(\).*?^print.*?$", pages.page("docs/api.md"), re.MULTILINE | re.DOTALL)
UPLOAD = next(
    block for block in pages.blocks(pages.page("docs/api.md"), "sh") if "resume()" in block
)

STORY = """
JSON='Content-Type: application/json'
TOKEN=$(curl -sS "$SUPABASE_URL/auth/v1/token?grant_type=password" -H "apikey: $ANON_KEY" -H "$JSON" \\
  -d '{"email": "'$EMAIL'", "password": "'$PASSWORD'"}' | field access_token)
AUTH="Authorization: Bearer $TOKEN"
ID=$(curl -sS $LIBRARY/projects -H "$AUTH" -H "$JSON" -d '{"name": "Summer"}' | field id)
%s
echo
start() {
  curl -sS $LIBRARY/projects/$ID/generate -H "$AUTH" -H "$JSON" \\
    -d '{"source_id": "'$SOURCE'", "target_duration": 2, "variant_count": '$1'}'
}
start 10 | field job id
start 1
echo
curl -sS -X POST $LIBRARY/projects/$ID/cancel -H "$AUTH" | field outcome
start 1 >/dev/null
curl -sSN $LIBRARY/projects/$ID/progress -H "$AUTH" -H 'Accept: text/event-stream'
curl -sS "$(curl -sS "$LIBRARY/projects/$ID/clips?limit=1" -H "$AUTH" | field items 0 video_url)" -o clip.mp4
"""
CUT_ONCE = 'resume || { echo "cut off"; set -x; resume; { set +x; } 2>/dev/null; }\n'


async def test_upload_resume_generate_cancel_and_download(
    stack: Backend, large_video: Path, tmp_path: Path
) -> None:
    assert FIELD is not None
    upload = UPLOAD.replace("VIDEO=assets/sample.mp4", f"VIDEO={large_video}")
    assert upload.count("\nresume\n") == 1
    script = FIELD[0] + STORY % upload.replace("\nresume\n", f"\n{CUT_ONCE}")
    bash = await asyncio.create_subprocess_exec(
        *("bash", "-c", script),
        cwd=tmp_path,
        env={
            "PATH": os.environ["PATH"],
            "LIBRARY": stack.functions["library"].url,
            "SUPABASE_URL": stack.gateway.url,
            "ANON_KEY": stack.gateway.anon_key,
            "EMAIL": stack.supabase_api.developer.email,
            "PASSWORD": stack.supabase_api.developer.password,
        },
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    await eventually(lambda: _received(stack) > LARGE_BYTES / 3, timeout=60)
    await eventually(lambda: _killed_a_curl(bash.pid))
    output, errors = [text.decode() for text in await bash.communicate()]

    assert bash.returncode == 0, errors
    first = re.search(r"OFFSET=(\d+)", errors)
    assert first is not None
    assert LARGE_BYTES / 4 < int(first[1]) < LARGE_BYTES, errors
    told = output.splitlines()
    cut, confirmed, job, refused, outcome = told[0], *told[1:5]
    assert cut == "cut off"
    assert json.loads(confirmed)["size_bytes"] == LARGE_BYTES
    assert json.loads(refused)["type"] == "urn:editai:problem:project-busy"
    assert json.loads(refused)["job"]["id"] == job
    assert outcome == "cancelled"
    assert [line for line in told if line.startswith("event: ")][-1] == "event: end"
    assert probe(tmp_path / "clip.mp4").duration_seconds > 1.9


def _received(stack: Backend) -> int:
    """The bytes that storage has of unfinished uploads."""
    return sum(file.stat().st_size for file in stack.storage.glob(".uploads/*/data"))


def _killed_a_curl(pid: int) -> bool:
    """Between two parts of the file there is none for a moment."""
    with suppress(psutil.NoSuchProcess):
        for process in psutil.Process(pid).children(recursive=True):
            if process.name() == "curl":
                process.kill()
                return True
    return False
