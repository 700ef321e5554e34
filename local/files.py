"""Small files of a stack directory, written atomically."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def write_json(file: Path, content: Mapping[str, Any]) -> None:
    """Replaces a file with JSON that only its owner may read."""
    write_private(file, json.dumps(content, indent=2) + "\n")


def write_private(file: Path, text: str) -> None:
    """Replaces a file with text that only its owner may read."""
    draft = file.with_name(f"{file.name}.{os.getpid()}.new")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    draft.replace(file)


def read_json(file: Path) -> Any | None:
    """Reads JSON; None if the file is missing or truncated."""
    try:
        return json.loads(file.read_text())
    except (FileNotFoundError, json.JSONDecodeError):
        return None


def tail(file: Path, lines: int = 20) -> str:
    """The last lines of a log; empty if there is no log."""
    if not file.exists():
        return ""
    return "\n".join(file.read_text(errors="replace").splitlines()[-lines:])
