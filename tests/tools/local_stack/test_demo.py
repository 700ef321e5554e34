"""However a demo ends, it says why and leaves nothing running that it started."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from local.programs import CHECKOUT
from shared.media.containers import supported_titles
from tests.support.commands import LocalStack
from tests.support.waiting import eventually

NO_PROXY_HERE = "http://127.0.0.1:9"


@pytest.fixture(autouse=True)
def _signals_are_not_ignored() -> None:
    """A shell makes background jobs ignore SIGINT, and nohup makes them ignore SIGHUP; child processes inherit that."""
    for number, default in (
        (signal.SIGINT, signal.default_int_handler),
        (signal.SIGHUP, signal.SIG_DFL),
    ):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, default)


def demo(stack: LocalStack, **variables: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "local", "demo", "--directory", str(stack.directory)],
        cwd=CHECKOUT,
        env={**os.environ, **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_file_that_is_not_a_video_is_refused_with_the_librarys_message(
    stack: LocalStack, tmp_path: Path
) -> None:
    """The shell's proxy variables are set too, without NO_PROXY; the demo must not use them for the loopback."""
    video = tmp_path / "text [bold].mp4"
    video.write_text("no video")

    with demo(
        stack, VIDEO=str(video), HTTP_PROXY=NO_PROXY_HERE, http_proxy=NO_PROXY_HERE
    ) as process:
        output, errors = process.communicate(timeout=300)

    assert process.returncode == 1, output + errors
    assert errors == (
        "the library refused: This is a text, not a video."
        f" Upload a video file: {supported_titles()}.\n"
    )
    assert stack.running() == []
    assert "left running" not in output


@pytest.mark.parametrize(
    "number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGKILL], ids=lambda n: n.name
)
async def test_the_stack_ends_with_its_demo(stack: LocalStack, number: signal.Signals) -> None:
    with demo(stack) as process:
        await eventually(stack.running, timeout=60)
        process.send_signal(number)
        output, errors = process.communicate(timeout=120)

        if number is not signal.SIGKILL:
            assert (process.returncode, errors) == (130, ""), output
            assert stack.running() == []
        await eventually(lambda: stack.running() == [], timeout=60)
        await eventually(lambda: stack.run("status").stdout == "the stack is not running\n")


async def test_a_demo_leaves_another_ones_stack_alone(stack: LocalStack) -> None:
    with demo(stack) as first:
        await eventually(stack.running, timeout=60)
        with demo(stack) as second:
            _, errors = second.communicate(timeout=120)
        assert second.returncode == 1
        assert errors.startswith(f"another demo runs as process {first.pid}")
        assert stack.running()
        first.terminate()
        first.communicate(timeout=120)
