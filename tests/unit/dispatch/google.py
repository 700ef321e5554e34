"""A local server with Google's endpoints as documented: tokens, keys and Cloud Tasks.

The form of a valid request is taken from
https://cloud.google.com/tasks/docs/reference/rest/v2/projects.locations.queues.tasks and
https://developers.google.com/identity/protocols/oauth2/service-account#httprest
"""

import base64
import json
import re
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

QUEUE = "projects/reel-project/locations/europe-west1/queues/editai-jobs"
ACCESS_TOKEN = "ya29.an-access-token"
KEY_ID = "key-of-the-test"

Response = tuple[int, dict[str, Any]]


def _new_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def google_error(code: int, status: str, message: str = "") -> Response:
    """An error in the form of Google's APIs (https://cloud.google.com/apis/design/errors)."""
    return code, {"error": {"code": code, "status": status, "message": message}}


@dataclass(kw_only=True)
class Google:
    """The state behind the endpoints. `lost_responses` and `failures` are used up first, one per request."""

    url: str = ""
    key: rsa.RSAPrivateKey = field(default_factory=_new_key)
    tasks: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    requests: list[str] = field(default_factory=list[str])
    lost_responses: int = 0
    failures: list[Response] = field(default_factory=list[Response])

    def credentials_file(self, directory: Path) -> Path:
        """The key file of a service account, whose tokens this server issues."""
        pem = self.key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        file = directory / "account.json"
        content = {
            "type": "service_account",
            "project_id": "reel-project",
            "private_key_id": KEY_ID,
            "private_key": pem.decode(),
            "client_email": "editai-library@reel-project.iam.gserviceaccount.com",
            "token_uri": f"{self.url}/token",
        }
        file.write_text(json.dumps(content))
        return file

    def id_token(self, *, key: rsa.RSAPrivateKey | None = None, **claims: Any) -> str:
        """An ID token as Cloud Tasks presents it; a claim that is None is left out."""
        now = int(time.time())
        default_claims = {
            "iss": "https://accounts.google.com",
            "aud": "https://worker.example",
            "azp": "1234567890",
            "sub": "1234567890",
            "email": "editai-tasks@reel-project.iam.gserviceaccount.com",
            "email_verified": True,
            "iat": now,
            "exp": now + 3600,
        }
        content = {
            name: value for name, value in (default_claims | claims).items() if value is not None
        }
        return jwt.encode(content, key or self.key, algorithm="RS256", headers={"kid": KEY_ID})

    def key_set(self) -> dict[str, Any]:
        """The published keys."""
        public = RSAAlgorithm.to_jwk(self.key.public_key(), as_dict=True)
        return {"keys": [public | {"kid": KEY_ID, "alg": "RS256", "use": "sig"}]}

    def issue_token(self, body: bytes) -> Response:
        """An access token for a signed assertion."""
        form = parse_qs(body.decode())
        if form.get("grant_type") != ["urn:ietf:params:oauth:grant-type:jwt-bearer"]:
            return google_error(400, "invalid_grant")
        claims = jwt.decode(
            form["assertion"][0],
            self.key.public_key(),
            algorithms=["RS256"],
            audience="https://oauth2.googleapis.com/token",
        )
        if claims["scope"] != "https://www.googleapis.com/auth/cloud-platform":
            return google_error(400, "invalid_scope")
        return 200, {"access_token": ACCESS_TOKEN, "expires_in": 3600, "token_type": "Bearer"}

    def create_task(self, path: str, authorization: str, body: bytes) -> Response:
        """projects.locations.queues.tasks.create."""
        if authorization != f"Bearer {ACCESS_TOKEN}":
            return google_error(401, "UNAUTHENTICATED")
        if path != f"/v2/{QUEUE}/tasks":
            return google_error(404, "NOT_FOUND")
        if self.failures:
            return self.failures.pop(0)
        request = json.loads(body)
        task = request.get("task", {})
        if problem := _problem(request, task):
            return google_error(400, "INVALID_ARGUMENT", problem)
        if task["name"] in self.tasks:
            return google_error(409, "ALREADY_EXISTS")
        self.tasks[task["name"]] = task
        return 200, task


def _problem(request: dict[str, Any], task: dict[str, Any]) -> str | None:
    """The first field of a request to create a task that the documentation forbids."""
    call = task.get("httpRequest", {})
    identity = call.get("oidcToken", {})
    deadline = re.fullmatch(r"(\d+)s", task.get("dispatchDeadline", "600s"))
    checks = {
        "unknown field": request.keys() <= {"task", "responseView"}
        and task.keys() <= {"name", "httpRequest", "scheduleTime", "dispatchDeadline"}
        and call.keys() <= {"url", "httpMethod", "headers", "body", "oidcToken"}
        and identity.keys() <= {"serviceAccountEmail", "audience"},
        "name": re.fullmatch(rf"{QUEUE}/tasks/[A-Za-z0-9_-]{{1,500}}", task.get("name", "")),
        "deadline": deadline and 15 <= int(deadline[1]) <= 1800,
        "url": re.match(r"https?://", call.get("url", "")),
        "method": call.get("httpMethod") in {"POST", "PUT", "PATCH"},
        "body": base64.b64decode(call.get("body", ""), validate=True),
        "account": identity.get("serviceAccountEmail"),
    }
    return next((name for name, good in checks.items() if not good), None)


class _Handler(BaseHTTPRequestHandler):
    google: Google

    def do_GET(self) -> None:
        self.google.requests.append(self.path)
        self._respond(200, self.google.key_set())

    def do_POST(self) -> None:
        self.google.requests.append(self.path)
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/token":
            self._respond(*self.google.issue_token(body))
            return
        response = self.google.create_task(self.path, self.headers["Authorization"] or "", body)
        if self.google.lost_responses:
            self.google.lost_responses -= 1
            self.close_connection = True
            return
        self._respond(*response)

    def _respond(self, status: int, content: dict[str, Any]) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        del format, args


@contextmanager
def serve_google() -> Generator[Google]:
    """Serve the endpoints until the end of the block."""
    google = Google()
    handler = type("Handler", (_Handler,), {"google": google})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        google.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield google
        finally:
            server.shutdown()
            thread.join()
