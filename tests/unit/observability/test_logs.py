"""What a line of the log holds, and what it never holds."""

import asyncio
import json
import logging
import time
from pathlib import Path
from types import TracebackType
from typing import Any

import pytest

from shared.observability.logs import REDACTED, JsonFormatter, log_fields, redact
from shared.observability.trace_context import trace_headers, traced

ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None]

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl"


def line(
    message: str, *arguments: object, exc_info: ExcInfo | None = None, **extra: Any
) -> dict[str, Any]:
    """What is written for one call of a logger."""
    logger = logging.getLogger("reel")
    record = logger.makeRecord(
        "reel", logging.WARNING, __file__, 1, message, arguments, exc_info, extra=extra
    )
    return json.loads(JsonFormatter().format(record))


def caught(error: Exception) -> ExcInfo:
    """An exception as an `except` clause hands it to the logger."""
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
def test_a_line_is_one_line_that_a_terminal_only_shows(hostile: str) -> None:
    told = f'one{hostile}{{"severity": "CRITICAL"}}'
    with log_fields(project_id=told):
        written = JsonFormatter().format(logging.makeLogRecord({"msg": told, "step": told}))

    assert written.isascii()
    assert written.replace("\x7f", "").isprintable()
    read = json.loads(written)
    assert (read["message"], read["project_id"], read["step"]) == (told, told, told)


async def test_fields_reach_the_tasks_that_a_block_starts_and_nothing_else() -> None:
    async def work() -> dict[str, Any]:
        await asyncio.sleep(0)  # its turn comes after the block has ended
        return line("working")

    with log_fields(job_id="job-1"), log_fields(attempt=2):
        task = asyncio.create_task(work())
    after = line("after")

    assert {"job_id": "job-1", "attempt": 2}.items() <= (await task).items()
    assert "job_id" not in after


def test_an_exception_is_told_with_where_it_came_from() -> None:
    written = line("failed", exc_info=caught(ValueError("no such clip")))

    assert "ValueError: no such clip" in written["stack_trace"]
    assert "test_logs.py" in written["stack_trace"]


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        (f"Authorization: Bearer {TOKEN}", "Authorization: "),
        (f"token {TOKEN} is wrong", "token "),
        ("no answer from https://reel.example/files/a.mp4?expires=1&signature=ab", "/files/a.mp4?"),
        ("Client error for url 'http://x/y?token=abc'", "'http://x/y?"),
        ("apikey sb_secret_abcdef", "apikey "),
        ("credentials ya29.a0Af_xyz-1", "credentials "),
    ],
)
def test_what_lets_a_reader_in_is_taken_out(text: str, kept: str) -> None:
    written = line(text, exc_info=caught(RuntimeError(text)))

    for place in ("message", "stack_trace"):
        assert kept + REDACTED in written[place]
        for secret in (TOKEN, "signature=ab", "token=abc", "sb_secret_abcdef", "a0Af_xyz-1"):
            assert secret not in written[place]


def test_nor_does_it_get_in_by_a_field_however_deep() -> None:
    url = "https://reel.example/files/a.mp4?expires=1&signature=ab"
    with log_fields(job={"asked": (f"Bearer {TOKEN}",)}):
        written = line(
            "ffmpeg failed", ffmpeg_log=url, call={"urls": [url, 7]}, at=Path(f"/{TOKEN}")
        )

    assert written["ffmpeg_log"] == f"https://reel.example/files/a.mp4?{REDACTED}"
    assert written["call"] == {"urls": [f"https://reel.example/files/a.mp4?{REDACTED}", 7]}
    assert (written["job"], written["at"]) == ({"asked": [REDACTED]}, f"/{REDACTED}")


@pytest.mark.parametrize("beginning", ["?", "eyJa", "bearer ", "?a=", "eyJa."])
def test_a_text_full_of_beginnings_is_read_in_little_time(beginning: str) -> None:
    began = time.process_time()
    redact(beginning * 40_000)
    assert time.process_time() - began < 1


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
        passed_on = trace_headers()

    assert written["logging.googleapis.com/trace"] == f"projects/reel-project/traces/{TRACE}"
    assert written["logging.googleapis.com/spanId"] == SPAN
    assert written["logging.googleapis.com/trace_sampled"] is True
    assert passed_on == {"traceparent": f"00-{TRACE}-{SPAN}-01"}


@pytest.mark.parametrize(
    "value", ["", "garbage", f"00-{'0' * 32}-{SPAN}-01", f"ff-{TRACE}-{SPAN}-01"]
)
def test_a_trace_that_cannot_be_read_is_left_out(value: str) -> None:
    with traced({"traceparent": value}):
        assert "logging.googleapis.com/trace" not in line("working")
        assert trace_headers() == {}


@pytest.mark.parametrize("span", ["1" * 5000, "-1", "0x1", ""])
def test_nor_is_one_whose_span_is_no_number_of_usual_length(span: str) -> None:
    with traced({"x-cloud-trace-context": f"{TRACE}/{span};o=1"}):
        assert "logging.googleapis.com/trace" not in line("working")
