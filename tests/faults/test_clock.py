"""The wall clock of one process jumps while it runs, and nothing else of its time."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.faults.clock import SHARED_MEMORY, HostClocks, remove_traces

TELL = "import sys, time\nfor _ in sys.stdin: print(time.time(), time.monotonic(), flush=True)"


@pytest.mark.parametrize("jump", [300, -300])
def test_a_clock_jumps_and_comes_back_while_the_monotonic_one_stays(
    tmp_path: Path, jump: int
) -> None:
    clocks = HostClocks(directory=tmp_path)
    with subprocess.Popen(
        [sys.executable, "-c", TELL],
        env=clocks.environment("worker"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin
        assert process.stdout
        for seconds in (0, jump, 0):
            clocks.move("worker", seconds)
            process.stdin.write("\n")
            process.stdin.flush()
            wall, monotonic = map(float, process.stdout.readline().split())
            assert wall - time.time() == pytest.approx(seconds, abs=10)
            assert monotonic == pytest.approx(time.monotonic(), abs=10)


def test_a_process_that_is_killed_leaves_nothing_in_shared_memory(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "print(); input()"]
    environment = HostClocks(directory=tmp_path).environment("worker")
    with subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout
        process.stdout.readline()
        process.kill()
    shared = f"*faketime*_{process.pid}"
    assert list(SHARED_MEMORY.glob(shared))
    remove_traces()
    assert not list(SHARED_MEMORY.glob(shared))
