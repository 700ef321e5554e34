"""What a process prints from a moment on."""

import json
from pathlib import Path
from typing import Any


class Log:
    """What is printed to a log after this was made: nothing that an earlier test has left there counts.

    A function logs a request after it has answered it, and the end of a job after its last row is written, so
    whoever knows of either from elsewhere waits for the line: `await eventually(lambda: log.lines(outcome="lost"))`.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._begin = file.stat().st_size if file.exists() else 0

    def text(self) -> str:
        """All whole lines as they are."""
        with self._file.open("rb") as file:
            file.seek(self._begin)
            return file.read().rpartition(b"\n")[0].decode()

    def lines(self, **fields: Any) -> list[dict[str, Any]]:
        """The lines that have these fields with these values; each is an object of JSON."""
        lines = [json.loads(line) for line in self.text().splitlines()]
        return [line for line in lines if fields.items() <= line.items()]
