"""What telemetry and the SDK behind it have in common."""

from collections.abc import Mapping
from typing import Literal

Attributes = Mapping[str, str | int | float | bool]
SpanKind = Literal["internal", "server", "client", "producer", "consumer"]

ENDED_BY = "error.type"
"""The attribute that names the exception which ended a span; its message may say too much."""
