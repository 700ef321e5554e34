"""What is generated in the clients is what the OpenAPI document and the coroutines give now."""

import subprocess
import sys

from local.programs import CHECKOUT


def test_the_generated_code_is_current() -> None:
    command = [sys.executable, "-m", "local.client_code", "--check"]
    done = subprocess.run(command, cwd=CHECKOUT, check=False, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, ""), done.stdout + done.stderr
