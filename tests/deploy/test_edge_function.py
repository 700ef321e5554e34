"""The step that deploys the edge function, with the real Supabase CLI against a stand-in for Supabase's API."""

import hashlib
import json
import os
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from local.programs import CHECKOUT, SUPABASE_CLI

REF = "abcdefghijklmnopqrst"
LIBRARY_URL = "https://library.example/api/v1/library"
TOKEN = "sbp_" + "0" * 40
STEP = """
set -euo pipefail
fail() { echo "$*" >&2; exit 1; }
for part in common database edge; do source "deploy/$part.sh"; done
deploy_edge_function
"""


@dataclass(kw_only=True)
class ManagementApi:
    """A project's edge functions and their settings, as Supabase's API returns them."""

    url: str
    settings: dict[str, str] = field(default_factory=dict[str, str])
    deployed: list[str] = field(default_factory=list[str])

    def settings_response(self) -> list[dict[str, str]]:
        """Names, with digests instead of values."""
        return [
            {"name": name, "value": hashlib.sha256(value.encode()).hexdigest()}
            for name, value in self.settings.items()
        ]

    def function(self) -> dict[str, Any]:
        """The one function."""
        times = {"created_at": 1, "updated_at": 1, "version": 1}
        ids = {"id": "11111111-1111-4111-8111-111111111111", "slug": "start-job"}
        return {**ids, "name": "start-job", "status": "ACTIVE", **times}


def step(api: ManagementApi, folder: Path) -> str:
    """Run the step once; return what it printed."""
    profile = folder / "profile.yaml"
    hosts = "project_host: project.example\npooler_host: pooler.example\n"
    profile.write_text(f"name: test\napi_url: {api.url}\ndashboard_url: {api.url}\n{hosts}")
    program = folder / "supabase"
    program.write_text(f'#!/bin/sh\nexec "{SUPABASE_CLI}" "$@" --agent=no --profile="{profile}"\n')
    program.chmod(0o755)
    run = subprocess.run(
        ["bash", "-c", STEP],
        cwd=CHECKOUT,
        env={
            "PATH": f"{folder}:{os.environ['PATH']}",
            "HOME": str(folder),
            "SUPABASE_NO_UPDATE_NOTIFIER": "1",
            "SUPABASE_TELEMETRY_DISABLED": "1",
            "SUPABASE_ACCESS_TOKEN": TOKEN,
            "SUPABASE_DB_PASSWORD": "",
            "SUPABASE_REF": REF,
            "LIBRARY_URL": LIBRARY_URL,
            "DRY_RUN": "",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout + run.stderr


def test_the_function_and_its_settings_are_deployed_once(
    api: ManagementApi, tmp_path: Path
) -> None:
    first = step(api, tmp_path)
    second = step(api, tmp_path)

    assert api.settings["LIBRARY_URL"] == LIBRARY_URL
    (form,) = api.deployed
    # Supabase's own check would refuse tokens of the project's signing keys.
    assert '"verify_jwt":false' in form.replace(" ", "")
    assert "start-job/index.ts" in form
    assert "_shared/problem.ts" in form
    assert LIBRARY_URL not in first + second
    assert "start-job is up to date" in second


@pytest.fixture
def api() -> Iterator[ManagementApi]:
    """An empty project."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            """List."""
            if self.path.endswith("/secrets"):
                self._respond(200, found.settings_response())
            elif self.path.endswith("/functions"):
                self._respond(200, [found.function()] if found.deployed else [])
            else:
                self._respond(200, {})

        def do_POST(self) -> None:
            """Store."""
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            if self.path.endswith("/secrets"):
                found.settings |= {entry["name"]: entry["value"] for entry in json.loads(body)}
                self._respond(201, {})
            else:
                found.deployed.append(body)
                self._respond(201, found.function())

        def _respond(self, status: int, content: Any) -> None:
            body = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - inherited
            """Print nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        found = ManagementApi(url=f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield found
        server.shutdown()
        thread.join()
