"""Prints results: as JSON for programs, or as aligned text for people."""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from pydantic import BaseModel

from editai_admin.commands import Result
from shared.ops.records import Finding, JobStory

HIDDEN = {
    *("read_at", "row_number", "owner_id", "error", "counts", "max_attempts", "started_at"),
    *("deadline_at", "dispatch_due_at", "acquired_at", "stalled_at", "progress_at"),
}
"""What a table leaves out, so that its rows fit a wide terminal. `job` and --json show it."""
MAX_WIDTH = 44


def show(result: Result, *, as_json: bool) -> None:
    """Print a result."""
    print(json.dumps(_content(result), indent=2) if as_json else "\n".join(_lines(result)))


def _content(result: Result) -> Any:
    if result.story:
        return result.story.model_dump(mode="json")
    if result.rows is not None:
        rows = [row.model_dump(mode="json") for row in result.rows]
        return rows if result.findings is None else {"rows": rows, "findings": _dump(result)}
    if result.findings is not None:
        return {"findings": _dump(result)}
    return {"said": result.said, "done": result.is_well}


def _dump(result: Result) -> list[Any]:
    return [finding.model_dump(mode="json") for finding in result.findings or ()]


def _lines(result: Result) -> Iterable[str]:
    if result.story:
        yield from _story(result.story)
    if result.rows is not None:
        yield from (table(result.rows) if result.rows else [f"no {result.title}"])
    if result.findings:
        yield from _findings(result.findings)
    elif result.findings is not None and not result.said:
        yield "nothing is wrong"
    if result.said:
        yield result.said


def _findings(findings: Sequence[Finding]) -> Iterable[str]:
    for finding in findings:
        yield f"{finding.code}: {finding.what}"
        yield from (f"    $ {command}" for command in finding.then)


def _story(story: JobStory) -> Iterable[str]:
    members = story.job.model_dump()
    width = max(map(len, members))
    for name, value in members.items():
        if value is not None and name not in ("read_at", "row_number"):
            yield f"{name:<{width}}  {_text(value, None)}"
    yield ""
    yield f"{_text(story.job.created_at, None)}  queued"
    for event in story.events:
        parts = [event.event, f"attempt {event.attempt}"]
        parts += [f"by {event.holder}"] if event.holder else []
        parts += [f"token {event.fencing_token}"] if event.fencing_token else []
        shown = event.percentage is not None
        parts += [f"at {event.percentage} % {event.current_step}"] if shown else []
        parts += [event.code] if event.code else []
        yield f"{_text(event.at, None)}  {', '.join(parts)}"
    yield ""
    yield f"log: gcloud logging read '{story.log_query}' --format=json"
    yield from _findings(story.findings)


def table(rows: Sequence[BaseModel]) -> Iterable[str]:
    """The rows as aligned columns; columns that are empty in all rows are left out."""
    cells = [
        {name: _text(value, MAX_WIDTH) for name, value in row.model_dump().items()} for row in rows
    ]
    names = [name for name in cells[0] if name not in HIDDEN and any(row[name] for row in cells)]
    widths = {name: max(len(name), *(len(row[name]) for row in cells)) for name in names}
    for row in [{name: name for name in names}, *cells]:
        yield "  ".join(f"{row[name]:<{widths[name]}}" for name in names).rstrip()


def _text(value: Any, width: int | None) -> str:
    match value:
        case None:
            return ""
        case datetime():
            return f"{value:%Y-%m-%d %H:%M:%S}"
        case dict():
            return json.dumps(value, default=str)
        case _:
            text = str(value)
            return text if width is None or len(text) <= width else f"{text[: width - 1]}…"
