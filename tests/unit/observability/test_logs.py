"""The fields of a log line, and what is redacted from it."""

import asyncio
import json
import logging
import time
from pathlib import Path
from types import TracebackType
from typing import Any

import pytest

from shared.observability.logs import REDACTED, JsonFormatter, log_fields, redact
from shared.observability.request_log import log_request
from shared.observability.trace_context import trace_headers, traced

ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None]

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl"


def line(
    message: str, *arguments: object, exc_info: ExcInfo | None = None, **extra: Any
) -> dict[str, Any]:
    """The line that one call of a logger writes."""
    logger = logging.getLogger("reel")
    record = logger.makeRecord(
        "reel", logging.WARNING, __file__, 1, message, arguments, exc_info, extra=extra
    )
    return json.loads(JsonFormatter().format(record))


def caught(error: Exception) -> ExcInfo:
    """An exception as an `except` clause passes it to the logger."""
    try:
        raise error  # noqa: TRY301
    except Exception as raised:
        return type(raised), raised, raised.__traceback__


def test_a_line_has_the_fields_that_cloud_logging_reads() -> None:
    written = line("clip %d is ready", 2, duration_seconds=1.5)

    assert written["severity"] == "WARNING"
    assert written["message"] == "clip 2 is ready"
    assert written["duration_seconds"] == 1.5
    assert written["time"].endswith("+00:00")


@pytest.mark.parametrize(
    "hostile",
    ["\n", "\r", "\x0b", "\x1b[2J", "\x7f", "\x85", "\x9b31m", "\u2028", "\u202e", "\ud800"],
)
def test_a_record_with_control_characters_is_one_ascii_line(hostile: str) -> None:
    text = f'one{hostile}{{"severity": "CRITICAL"}}'
    with log_fields(project_id=text):
        written = JsonFormatter().format(logging.makeLogRecord({"msg": text, "step": text}))

    assert written.isascii()
    assert written.replace("\x7f", "").isprintable()
    read = json.loads(written)
    assert (read["message"], read["project_id"], read["step"]) == (text, text, text)


async def test_fields_reach_the_tasks_that_a_block_starts_and_nothing_else() -> None:
    async def work() -> dict[str, Any]:
        await asyncio.sleep(0)  # continues after the block has ended
        return line("working")

    with log_fields(job_id="job-1"), log_fields(attempt=2):
        task = asyncio.create_task(work())
    after = line("after")

    assert {"job_id": "job-1", "attempt": 2}.items() <= (await task).items()
    assert "job_id" not in after


def test_an_exception_is_logged_with_its_stack_trace() -> None:
    written = line("failed", exc_info=caught(ValueError("no such clip")))

    assert "ValueError: no such clip" in written["stack_trace"]
    assert "test_logs.py" in written["stack_trace"]


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        (f"Authorization: Bearer {TOKEN}", "Authorization: "),
        (f"token {TOKEN} is wrong", "token "),
        (
            "no response from https://reel.example/files/a.mp4?expires=1&signature=ab",
            "/files/a.mp4?",
        ),
        ("Client error for url 'http://x/y?token=abc'", "'http://x/y?"),
        ("apikey sb_secret_abcdef", "apikey "),
        ("credentials ya29.a0Af_xyz-1", "credentials "),
    ],
)
def test_credentials_are_redacted_from_message_and_stack_trace(text: str, kept: str) -> None:
    written = line(text, exc_info=caught(RuntimeError(text)))

    for place in ("message", "stack_trace"):
        assert kept + REDACTED in written[place]
        for secret in (TOKEN, "signature=ab", "token=abc", "sb_secret_abcdef", "a0Af_xyz-1"):
            assert secret not in written[place]


def test_credentials_are_redacted_from_fields_at_any_depth() -> None:
    url = "https://reel.example/files/a.mp4?expires=1&signature=ab"
    with log_fields(job={"headers": (f"Bearer {TOKEN}",)}):
        written = line(
            "ffmpeg failed", ffmpeg_log=url, call={"urls": [url, 7]}, at=Path(f"/{TOKEN}")
        )

    assert written["ffmpeg_log"] == f"https://reel.example/files/a.mp4?{REDACTED}"
    assert written["call"] == {"urls": [f"https://reel.example/files/a.mp4?{REDACTED}", 7]}
    assert (written["job"], written["at"]) == ({"headers": [REDACTED]}, f"/{REDACTED}")


@pytest.mark.parametrize("start", ["?", "eyJa", "bearer ", "?a=", "eyJa."])
def test_a_text_full_of_starts_of_secrets_is_redacted_in_linear_time(start: str) -> None:
    started_at = time.process_time()
    redact(start * 40_000)
    assert time.process_time() - started_at < 1


@pytest.mark.parametrize(
    "headers",
    [
        {"traceparent": f"00-{TRACE}-{SPAN}-01"},
        {"x-cloud-trace-context": f"{TRACE}/{int(SPAN, 16)};o=1"},
    ],
    ids=["w3c", "google"],
)
def test_a_line_names_the_trace_of_its_request(
    headers: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "reel-project")

    with traced(headers):
        written = line("working")
        forwarded = trace_headers()

    assert written["logging.googleapis.com/trace"] == f"projects/reel-project/traces/{TRACE}"
    assert written["logging.googleapis.com/spanId"] == SPAN
    assert written["logging.googleapis.com/trace_sampled"] is True
    assert forwarded == {"traceparent": f"00-{TRACE}-{SPAN}-01"}


@pytest.mark.parametrize(
    "value", ["", "garbage", f"00-{'0' * 32}-{SPAN}-01", f"ff-{TRACE}-{SPAN}-01"]
)
def test_an_invalid_trace_is_ignored(value: str) -> None:
    with traced({"traceparent": value}):
        assert "logging.googleapis.com/trace" not in line("working")
        assert trace_headers() == {}


@pytest.mark.parametrize("span", ["1" * 5000, "-1", "0x1", ""])
def test_a_trace_whose_span_id_is_not_a_number_of_valid_length_is_ignored(span: str) -> None:
    with traced({"x-cloud-trace-context": f"{TRACE}/{span};o=1"}):
        assert "logging.googleapis.com/trace" not in line("working")


@pytest.mark.parametrize(
    ("status", "level"),
    [(200, "INFO"), (409, "INFO"), (429, "INFO"), (503, "WARNING"), (500, "ERROR")],
)
def test_back_pressure_is_no_error_in_the_log(
    status: int, level: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        log_request("GET", "/projects", status, time.monotonic())
    assert [record.levelname for record in caplog.records] == [level]
