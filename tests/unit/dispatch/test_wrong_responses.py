"""Google and an issuer of tokens that respond with something else than they document are unavailable."""

import asyncio
import json
from collections import Counter
from collections.abc import Iterator
from uuid import uuid4

import jwt
import pytest

from shared.auth.keys import JwksKeys
from shared.dispatch.cloud_tasks import CloudTasksSettings, enqueue
from shared.dispatch.google_credentials import AccessTokens, CredentialsUnavailable
from shared.errors import ServiceUnavailable
from tests.support.faults.wrong_forms import NOT_JSON, others
from tests.support.serving import Handler, read_request, serving
from tests.unit.dispatch.google import KEY_ID, Google, google_error

FLAVOUR = b"Metadata-Flavor: Google\r\nContent-Type: application/json\r\n"


class Responses:
    """A server that responds to every request with the current body."""

    def __init__(self, example: object, *, status: bytes = b"200 OK") -> None:
        self._all = [*NOT_JSON, *(json.dumps(each).encode() for each in others(example))]
        self._body = b""
        self._status = status

    def __iter__(self) -> Iterator[bytes]:
        for body in self._all:
            self._body = body
            yield body

    @property
    def handler(self) -> Handler:
        async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await read_request(reader)
            head = b"HTTP/1.1 %b\r\n%bConnection: close\r\n" % (self._status, FLAVOUR)
            writer.write(head + b"Content-Length: %d\r\n\r\n" % len(self._body) + self._body)
            writer.close()

        return handle


async def test_a_key_set_of_another_form_leaves_tokens_unverified(google: Google) -> None:
    responses, outcomes = Responses(google.key_set()), Counter[str]()
    async with serving(responses.handler) as url:
        for _ in responses:
            try:
                await JwksKeys(url).find({"kid": KEY_ID})
            except (ServiceUnavailable, jwt.PyJWTError) as error:
                outcomes[type(error).__name__] += 1
    assert outcomes["ServiceUnavailable"] > 20, "the others leave out what a key may leave out"


async def test_a_refusal_of_another_form_leaves_the_job_for_cleanup(
    queue: CloudTasksSettings, tokens: AccessTokens
) -> None:
    _, example = google_error(403, "PERMISSION_DENIED")
    responses = Responses(example, status=b"403 Forbidden")
    async with serving(responses.handler) as url:
        settings = queue.model_copy(update={"cloud_tasks_url": url})
        for _ in responses:
            assert not await enqueue(
                uuid4(), fencing_token=1, worker_url=url, settings=settings, tokens=tokens
            )


async def test_a_metadata_server_of_another_form_gives_no_access_token(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As on Cloud Run, where the account's tokens come from there."""
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS", raising=False)
    monkeypatch.setenv("CLOUDSDK_CONFIG", "/nonexistent")
    monkeypatch.setenv("NO_GCE_CHECK", "False")
    responses, tokens = Responses({"access_token": "ya29.x", "expires_in": 3600}), 0
    async with serving(responses.handler) as url:
        host = url.removeprefix("http://")
        for name in ("GCE_METADATA_HOST", "GCE_METADATA_IP"):
            monkeypatch.setenv(name, host)
        for _ in responses:
            try:
                await AccessTokens().get()
                tokens += 1
            except CredentialsUnavailable:
                continue
    assert tokens <= 2, "of a few dozen"
