"""One trace of one job, from its request to ffmpeg, through two processes."""

import asyncio
from pathlib import Path
from uuid import uuid4

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from editai_client import LibraryClient
from shared.observability.telemetry import SCOPE, span
from shared.observability.telemetry_sdk import Sender
from tests.support.users import User
from tests.support.waiting import eventually
from tests.system.telemetry.conftest import Functions, generate
from tests.system.telemetry.receiver import ReceivedSpan, Receiver

CALLER = "00f067aa0ba902b7"
GENERATE = "POST /projects/{project_id}/generate"


async def test_a_job_is_one_trace_from_its_request_to_ffmpeg(
    watched: Functions,
    client: LibraryClient,
    user: User,
    small_video: Path,
    receiver: Receiver,
) -> None:
    project = await client.create_project("Holiday")
    trace_id = uuid4().hex

    response = await generate(
        watched["library"],
        user,
        project.id,
        small_video,
        traceparent=f"00-{trace_id}-{CALLER}-01",
    )
    assert response.status_code == 202, response.text
    async for _ in client.follow(project.id):
        pass

    def one(name: str) -> ReceivedSpan:
        (span,) = receiver.named(name, trace_id)
        return span

    job = await eventually(lambda: one("job"), 20)
    request, started, dispatched, delivery, claimed = [
        await eventually(lambda name=name: one(name))
        for name in (GENERATE, "SQL start_job", "dispatch", "POST worker", "SQL claim_job")
    ]
    assert request.parent_id == CALLER
    assert started.parent_id == dispatched.parent_id == request.span_id
    assert delivery.parent_id == dispatched.span_id
    assert claimed.parent_id == job.parent_id == delivery.span_id
    assert one("SQL finish_job").parent_id == job.span_id
    encodings = receiver.named("ffmpeg", trace_id)
    assert encodings
    assert {span.parent_id for span in encodings} == {job.span_id}

    assert (request.service, job.service) == ("editai-library", "editai-worker")
    assert request.instance != job.instance
    assert (request.kind, dispatched.kind) == (Span.SPAN_KIND_SERVER, Span.SPAN_KIND_PRODUCER)
    assert request.attributes["http.response.status_code"] == 202
    assert job.attributes["editai.outcome"] == "completed"
    assert job.attributes["editai.kind"] == "raw_clips"
    assert not any(span.failed for span in receiver.spans)
    everything = b"".join(receiver.bodies)
    for secret in ("holiday", "Holiday", user.token, project.id, str(user.id), "small"):
        assert secret.encode() not in everything


async def test_a_request_without_a_trace_starts_one_that_its_log_line_names(
    watched: Functions, client: LibraryClient, receiver: Receiver
) -> None:
    log = watched["library"].watch_log()
    await client.create_project("Holiday")

    (line,) = await eventually(lambda: log.lines(message="POST /projects: 201"))
    trace = line["logging.googleapis.com/trace"]
    (request,) = await eventually(
        lambda: [each for each in receiver.named("POST /projects") if each.trace_id == trace]
    )
    assert request.parent_id == ""


async def test_an_exception_fails_its_span_and_only_its_type_is_sent(
    receiver: Receiver, sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    tracer = sender.tracers.get_tracer(SCOPE)
    # OpenTelemetry takes a provider once per process, so this test's real tracer stands in for the global one.
    monkeypatch.setattr("shared.observability.telemetry.tracer", tracer)

    with pytest.raises(ValueError, match="holiday"), span("broken"):
        raise ValueError("my holiday film")
    await asyncio.wrap_future(sender.flush())

    (broken,) = receiver.named("broken")
    assert broken.failed
    assert broken.attributes == {"error.type": "ValueError"}
    assert b"holiday" not in b"".join(receiver.bodies)
