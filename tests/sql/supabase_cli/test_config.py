"""config.toml as the Supabase CLI reads it."""

import json
import subprocess
import threading
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from local.parts.edge import edge_functions
from local.programs import CHECKOUT
from shared.settings import Settings
from shared.storage.paths import BUCKET_TYPES
from tests.sql.supabase_cli.conftest import SupabaseCli

CONFIG = CHECKOUT / "supabase" / "config.toml"


def _complaints(result: subprocess.CompletedProcess[str]) -> list[str]:
    """What the CLI says of a configuration, but that there is no Docker to start it with."""
    lines = (result.stdout + result.stderr).splitlines()
    return [line for line in lines if "config.toml" in line]


def test_every_key_is_known_and_every_value_fits(cli: SupabaseCli) -> None:
    assert _complaints(cli.run("status")) == []


@pytest.mark.parametrize(
    ("right", "wrong", "complaint"),
    [
        ("max_rows = 1000", 'max_rows = "many"', "Invalid api.max_rows"),
        ("verify_jwt = false", "verify_jwts = false", "functions.start-job.verify_jwts"),
        ('no_policy = "error"', 'no_policies = "error"', "checks.rls_enabled_no_policies"),
    ],
)
def test_a_wrong_key_or_value_would_be_found(
    cli: SupabaseCli, right: str, wrong: str, complaint: str
) -> None:
    file = cli.folder / "supabase" / "config.toml"
    file.write_text(file.read_text().replace(right, wrong))
    assert any(complaint in line for line in _complaints(cli.run("status")))


def test_every_check_that_the_cli_has_stops_a_migration(cli: SupabaseCli) -> None:
    checks = tomllib.loads(CONFIG.read_text())["db"]["migrations"]["checks"]
    file = cli.folder / "supabase" / "config.toml"
    table = "[db.migrations.checks]"
    file.write_text(file.read_text().replace(table, f"{table}\nno_rule = 'off'"))
    said = cli.run("status")
    _, _, known = (said.stdout + said.stderr).partition("Known rules: ")
    rules = known.partition(".")[0].split(", ")
    assert checks == dict.fromkeys(rules, "error")


def test_the_bucket_is_private_and_takes_what_the_library_announces(
    cli: SupabaseCli, storage_api: "StorageApi"
) -> None:
    file = cli.folder / "supabase" / "config.toml"
    file.write_text(file.read_text().replace("port = 54321", f"port = {storage_api.port}"))
    result = cli.run("seed", "buckets")
    assert result.returncode == 0, result.stderr
    assert storage_api.buckets == [
        {
            "name": Settings.model_fields["storage_bucket"].default,
            "public": False,
            "file_size_limit": 500_000_000,
            "allowed_mime_types": list(BUCKET_TYPES),
        }
    ]


def test_edge_functions_leave_the_check_of_tokens_to_the_library() -> None:
    checked = {name: function.verify_jwt for name, function in edge_functions().items()}
    assert checked == {"start-job": False}


def test_every_edge_function_in_the_config_exists() -> None:
    config = tomllib.loads(CONFIG.read_text())
    assert set(config["functions"]) == set(edge_functions())


@dataclass(kw_only=True)
class StorageApi:
    """Supabase Storage's list of buckets, which remembers those that are made."""

    port: int
    buckets: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])


@pytest.fixture
def storage_api() -> Iterator[StorageApi]:
    """A server in Supabase Storage's place; it has no bucket yet."""
    buckets: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            """List."""
            self._answer(buckets)

        def do_POST(self) -> None:
            """Make one."""
            length = int(self.headers["Content-Length"])
            buckets.append(json.loads(self.rfile.read(length)))
            self._answer({"name": buckets[-1]["name"]})

        def _answer(self, content: Any) -> None:
            body = json.dumps(content).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - inherited
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield StorageApi(port=server.server_port, buckets=buckets)
        server.shutdown()
        thread.join()
