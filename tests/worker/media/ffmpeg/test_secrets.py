"""What reads strangers' files cannot read the secrets of the function that started it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from local.programs import CHECKOUT
from pipeline.ffmpeg import launch
from tests.support.functions import FunctionProcess

# Not the tests' own interpreter: it may be in a home directory that other users cannot read.
PYTHON = shutil.which("python3", path="/usr/bin:/bin")
LAUNCH = Path(launch.__file__).read_text()
LIMITS = "60,60,1000000000,1000000000,64"
HIDE = (CHECKOUT / "shared/serving/hidden_process.py").read_text()

PARENT = """
import os, subprocess, sys
exec(sys.argv[1])
if sys.argv[2] == "hidden":
    hide_process()
done = subprocess.run(["/bin/cat", f"/proc/{os.getpid()}/environ"], capture_output=True, env={})
print(done.stdout, done.stderr)
"""


def _launched(*command: str) -> subprocess.CompletedProcess[bytes]:
    script = [PYTHON or sys.executable, "-I", "-S", "-c", LAUNCH, str(os.getpid()), LIMITS]
    return subprocess.run([*script, *command], capture_output=True, check=False)


def test_a_launched_program_cannot_read_a_function_s_environment_and_memory(
    worker: FunctionProcess,
) -> None:
    for file in ("environ", "maps", "mem"):
        done = _launched("/bin/head", "-c1", f"/proc/{worker.pid}/{file}")
        assert b"Permission denied" in done.stderr, file
        assert done.stdout == b""


def test_a_launched_program_has_no_capability_and_may_gain_none() -> None:
    done = _launched("/bin/grep", "-E", "^(CapPrm|CapEff|CapBnd|NoNewPrivs)", "/proc/self/status")
    values = dict(line.split(b":\t") for line in done.stdout.splitlines())
    assert values.pop(b"NoNewPrivs") == b"1"
    bounds = values.pop(b"CapBnd")
    assert set(values.values()) == {b"0" * 16}
    assert bounds == b"0" * 16 or os.getuid() != 0


@pytest.mark.parametrize("state", ["visible", "hidden"])
def test_a_hidden_process_shows_its_environment_to_no_process_of_its_user(state: str) -> None:
    """As another user than root, whom capabilities do not tell apart from the programs that it starts."""
    if os.getuid() != 0 or PYTHON is None:
        pytest.skip("only root can become another user, who needs a Python that it may start")
    command = [PYTHON, "-I", "-S", "-c", PARENT, HIDE, state]
    environment = {"SUPABASE_SERVICE_ROLE_KEY": "the-key"}
    done = subprocess.run(command, capture_output=True, check=True, user=65534, env=environment)
    assert (b"the-key" in done.stdout) == (state == "visible")
    assert (b"Permission denied" in done.stdout) == (state == "hidden")
