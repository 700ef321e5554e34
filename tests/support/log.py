"""The output of a process from a given moment on."""

import json
from pathlib import Path
from typing import Any


class Log:
    """Lines that are logged after this object was created; those of earlier tests are not included.

    A function logs a request after its response, and the end of a job after its last row is written. So a test that
    learns of either from elsewhere waits for the line: `await eventually(lambda: log.lines(outcome="lost"))`.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._begin = file.stat().st_size if file.exists() else 0

    def text(self) -> str:
        """All complete lines."""
        with self._file.open("rb") as file:
            file.seek(self._begin)
            return file.read().rpartition(b"\n")[0].decode()

    def lines(self, **fields: Any) -> list[dict[str, Any]]:
        """The lines, each a JSON object, that have these fields with these values."""
        lines = [json.loads(line) for line in self.text().splitlines()]
        return [line for line in lines if fields.items() <= line.items()]
