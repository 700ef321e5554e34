"""However a demo ends, it says why and leaves nothing running that it has started."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from local.programs import CHECKOUT
from tests.support.commands import LocalStack
from tests.support.waiting import eventually

NOBODY = "http://127.0.0.1:9"


@pytest.fixture(autouse=True)
def _interrupts_are_heard() -> None:
    """A shell that runs the tests in the background, or nohup, has them and all that they start ignore these."""
    for number, usual in (
        (signal.SIGINT, signal.default_int_handler),
        (signal.SIGHUP, signal.SIG_DFL),
    ):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, usual)


def demo(stack: LocalStack, **variables: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "local", "demo", "--directory", str(stack.directory)],
        cwd=CHECKOUT,
        env={**os.environ, **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_file_that_is_no_video_is_refused_in_the_librarys_words(
    stack: LocalStack, tmp_path: Path
) -> None:
    """Behind a proxy of the shell's, too, which nobody told to leave the loopback alone."""
    video = tmp_path / "text [bold].mp4"
    video.write_text("no video")

    with demo(stack, VIDEO=str(video), HTTP_PROXY=NOBODY, http_proxy=NOBODY) as process:
        said, complained = process.communicate(timeout=300)

    assert process.returncode == 1, said + complained
    assert (
        complained
        == "the library refuses: This is not a video file. Upload an MP4, MOV, WebM, MKV, AVI or MPEG-TS file.\n"
    )
    assert stack.running() == []
    assert "left running" not in said


@pytest.mark.parametrize(
    "number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGKILL], ids=lambda n: n.name
)
async def test_the_stack_goes_with_its_demo(stack: LocalStack, number: signal.Signals) -> None:
    with demo(stack) as process:
        await eventually(stack.running, timeout=60)
        process.send_signal(number)
        said, complained = process.communicate(timeout=120)

        if number is not signal.SIGKILL:
            assert (process.returncode, complained) == (130, ""), said
            assert stack.running() == []
        await eventually(lambda: stack.running() == [], timeout=60)
        await eventually(lambda: stack.run("status").stdout == "the stack is not running\n")


async def test_a_demo_leaves_another_ones_stack_alone(stack: LocalStack) -> None:
    with demo(stack) as first:
        await eventually(stack.running, timeout=60)
        with demo(stack) as second:
            _, complained = second.communicate(timeout=120)
        assert second.returncode == 1
        assert complained.startswith(f"another demo runs as process {first.pid}")
        assert stack.running()
        first.terminate()
        first.communicate(timeout=120)
