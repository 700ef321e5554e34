"""The wall clock of one process jumps while it runs; its monotonic clock does not."""

import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.faults.injection.clock import HostClocks
from tests.faults.injection.did_not_happen import DidNotHappen

TELL = "import sys, time\nfor _ in sys.stdin: print(time.time(), time.monotonic(), flush=True)"


# Without a compiler, runs do not move clocks, and report that: the next test.
@pytest.mark.skipif(shutil.which("cc") is None, reason="there is no C compiler")
@pytest.mark.parametrize("jump", [300, -300])
def test_a_wall_clock_jumps_and_returns_while_the_monotonic_clock_stays(
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


def test_without_a_compiler_no_clock_moves_and_the_fault_did_not_happen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    clocks = HostClocks(directory=tmp_path)
    assert clocks.environment("worker") == {}
    with pytest.raises(DidNotHappen, match="no C compiler"):
        clocks.move("worker", 300)
