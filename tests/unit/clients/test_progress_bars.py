"""What `editai` shows of progress: on a terminal, in a pipe, and as NO_COLOR and TERM ask for."""

import os
import pty
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress

import pytest

from editai_cli.output import progress_on_stderr

STEP = "Making clip 1 of 2 [draft]"
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
PLAIN = [f"{done:3} % {STEP} {9 - done // 10} s left" for done in (0, 10, 20)]
BAR = "━"

Shown = Callable[..., str]


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> Shown:
    """Show some progress on a pseudo terminal or in a pipe; return all that arrived there."""

    def shown(*, terminal: bool, fails: bool = False, **environment: str) -> str:
        for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE", "COLORTERM"):
            monkeypatch.delenv(name, raising=False)
        for name, value in {"TERM": "xterm-256color", "COLUMNS": "100", **environment}.items():
            monkeypatch.setenv(name, value)
        reader, writer = pty.openpty() if terminal else os.pipe()
        arrived: list[bytes] = []
        reading = threading.Thread(target=lambda: arrived.extend(iter(lambda: _read(reader), b"")))
        reading.start()
        with os.fdopen(writer, "w") as stream:
            monkeypatch.setattr(sys, "stderr", stream)
            with suppress(KeyboardInterrupt), progress_on_stderr() as show:
                for done in (0, 5, 10, 15, 20):
                    show(done, STEP, f"{9 - done // 10} s left")
                if fails:
                    signal.raise_signal(signal.SIGINT)
            monkeypatch.undo()
        reading.join()
        os.close(reader)
        return b"".join(arrived).decode()

    return shown


def _read(file: int) -> bytes:
    """What arrives next; nothing at the end, which a terminal reports as an error."""
    try:
        return os.read(file, 65536)
    except OSError:
        return b""


def test_a_terminal_gets_one_line_that_is_drawn_again(shown: Shown) -> None:
    told = shown(terminal=True)
    assert told.count("\n") == 1
    assert COLOUR.sub("", told).endswith(f" 20% {STEP} 7 s left\r\n\x1b[?25h")
    assert BAR in told
    assert COLOUR.search(told)


def test_without_colour_the_bar_stays(shown: Shown) -> None:
    told = shown(terminal=True, NO_COLOR="1", FORCE_COLOR="1")
    assert COLOUR.search(told) is None
    last = told.split("\r\n")[0].rpartition("\x1b[2K")[2]
    assert re.fullmatch(rf"{BAR}{{8}} {{32}}  20% {re.escape(STEP)} 7 s left", last), repr(last)


@pytest.mark.parametrize(
    "environment",
    [
        {"TERM": "dumb"},
        {"TERM": "unknown"},
        {"TERM": "dumb", "NO_COLOR": "1"},
        {"TTY_INTERACTIVE": "0"},
    ],
    ids=str,
)
def test_a_terminal_that_moves_no_cursor_gets_plain_lines(
    shown: Shown, environment: dict[str, str]
) -> None:
    told = shown(terminal=True, **environment)
    assert "\x1b" not in told
    assert told.splitlines() == PLAIN


@pytest.mark.parametrize("environment", [{}, {"NO_COLOR": "1"}, {"FORCE_COLOR": "1"}], ids=str)
def test_a_pipe_gets_a_plain_line_for_each_tenth(shown: Shown, environment: dict[str, str]) -> None:
    assert shown(terminal=False, **environment).splitlines() == PLAIN


def test_an_interruption_gives_the_cursor_back(shown: Shown) -> None:
    assert shown(terminal=True, fails=True).endswith("\r\n\x1b[?25h")


def test_a_reader_that_has_had_enough_hears_no_complaint() -> None:
    """As in `editai jobs | head -1`."""
    reader, writer = os.pipe()
    os.close(reader)
    program = (
        "import click, editai_cli.main as m; m.cli.command('list')(lambda: print('x')); m.main()"
    )
    command = [sys.executable, "-c", program, "list"]
    done = subprocess.run(command, env={}, stdout=writer, stderr=subprocess.PIPE, check=False)
    os.close(writer)
    assert (done.returncode, done.stderr) == (1, b"")
