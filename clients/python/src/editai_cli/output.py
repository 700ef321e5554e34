"""What commands print: results on standard output, progress on standard error.

On a terminal, progress is a bar and lists are aligned. In a pipe, progress is one plain line for each step or tenth,
and lists are separated by tabs.
"""

import json
import sys
from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol, cast

if TYPE_CHECKING:
    from pydantic import BaseModel
    from rich.console import Console

_MEGABYTE = 1_000_000


class Show(Protocol):
    """Shows how far something is."""

    def __call__(self, percentage: float, step: str, detail: str) -> None:
        """Show a percentage, what is being done, and what changes more often than that."""
        ...


@contextmanager
def progress_on_stderr() -> Generator[Show]:
    """A bar on a terminal that can move its cursor, else plain lines."""
    console = _interactive_console() if sys.stderr.isatty() else None
    if console is None:
        yield _PlainLines()
    else:
        with _bar(console) as show:
            yield show


def transfer(show: Show, step: str, done: int, total: int | None) -> None:
    """Show how much of a file is sent or received."""
    of_all = f" of {total / _MEGABYTE:.1f}" if total else ""
    show(100 * done / total if total else 0, step, f"{done / _MEGABYTE:.1f}{of_all} MB")


def print_items(items: Iterable["BaseModel"], columns: Sequence[str], *, as_json: bool) -> None:
    """Print a list: the chosen members, or all of them as JSON."""
    if as_json:
        print(json.dumps([item.model_dump(mode="json") for item in items], indent=2))
        return
    rows = [[_text(getattr(item, name)) for name in columns] for item in items]
    if sys.stdout.isatty() and rows:
        rows.insert(0, [name.upper() for name in columns])
        widths = [max(len(row[index]) for row in rows) for index in range(len(columns))]
        for row in rows:
            print(
                "  ".join(
                    text.ljust(width) for text, width in zip(row, widths, strict=True)
                ).rstrip()
            )
    else:
        for row in rows:
            print("\t".join(row))


def print_item(item: "BaseModel", member: str, *, as_json: bool) -> None:
    """Print one member of a result, such as its id, or all of it as JSON."""
    print(item.model_dump_json(indent=2) if as_json else getattr(item, member))


def _text(value: Any) -> str:
    """A value in one cell: times as in JSON, lists with commas, and of an error its detail."""
    if isinstance(value, datetime):
        value = value.isoformat()
    elif isinstance(value, tuple):
        value = ",".join(map(str, cast("tuple[object, ...]", value)))
    elif isinstance(value, dict):
        members = cast("dict[str, object]", value)
        value = members.get("detail") or members.get("code")
    return "" if value is None else str(value).replace("\t", " ").replace("\n", " ")


class _PlainLines:
    """A line whenever the step changes or another tenth is done."""

    def __init__(self) -> None:
        self._last: tuple[str, int] | None = None

    def __call__(self, percentage: float, step: str, detail: str) -> None:
        if (shown := (step, int(percentage // 10))) != self._last:
            self._last = shown
            print(f"{percentage:3.0f} % {step} {detail}".rstrip(), file=sys.stderr, flush=True)


def _interactive_console() -> "Console | None":
    """The terminal; None if it is a dumb one, or if the environment says that nothing may move there."""
    from rich.console import Console  # noqa: PLC0415 - see the package's docstring

    console = Console(stderr=True)
    return console if console.is_interactive else None


@contextmanager
def _bar(console: "Console") -> Generator[Show]:
    from rich.markup import escape  # noqa: PLC0415 - see the package's docstring
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn  # noqa: PLC0415

    columns = (
        BarColumn(40),
        TaskProgressColumn(),
        TextColumn("{task.description} {task.fields[detail]}"),
    )
    with Progress(*columns, console=console) as bar:
        task = bar.add_task("", total=100, detail="")

        def show(percentage: float, step: str, detail: str) -> None:
            bar.update(task, completed=percentage, description=escape(step), detail=detail)

        yield show
