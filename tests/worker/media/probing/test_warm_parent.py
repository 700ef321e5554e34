"""One process has the probe's libraries loaded, and forks a confined child for each report about a file."""

import asyncio
import json
import os
import signal
import sys
from pathlib import Path

import psutil
import pytest

from local.programs import CHECKOUT
from shared.media.input_file import LimitReached
from shared.media.probe import probe, probe_async
from shared.media.readers import children
from shared.media.readers.children import NoReport, TooSlow, reading
from tests.support.media.hanging import hanging_readers
from tests.support.waiting import eventually

LOOKS = """
import json, os, resource, sys
sys.path.insert(0, {checkout!r})
from shared.media.readers import warm_parent
from shared.media.readers.confinement import confine

def look(descriptor):
    open_ones = sorted(int(name) for name in os.listdir("/proc/self/fd"))
    with open("/proc/self/statm") as numbers:
        pages = int(numbers.read().split()[0])
    with open("/proc/self/status") as lines:
        rights = [line.split()[1] for line in lines if line.startswith(("CapPrm", "CapEff", "NoNew"))]
    confine(memory_bytes=1 << 20, cpu_seconds=4)
    limits = [resource.getrlimit(getattr(resource, "RLIMIT_" + name)) for name in {limits!r}]
    try:
        os.dup(descriptor)
    except OSError as error:
        refused = error.strerror
    return json.dumps(dict(
        pid=os.getpid(), parent=os.getppid(), files=open_ones[:-1], environment=dict(os.environ),
        mapped=pages * resource.getpagesize(), limits=limits, refused=refused, rights=rights,
        same_file=os.path.sameopenfile(descriptor, 0)))

warm_parent.READERS["looks"] = look
warm_parent.main()
"""
LIMITED = """
import os, sys
sys.path.insert(0, {checkout!r})
from shared.media.input_file import LimitReached
from shared.media.readers import warm_parent
from shared.media.readers.confinement import confine

def spin(descriptor):
    confine(memory_bytes=1 << 20, cpu_seconds=1)
    os.write(1, b'"half a rep')
    while True:
        pass

def give_up(descriptor):
    raise LimitReached

def crash(descriptor):
    os.abort()

warm_parent.READERS.update(spin=spin, give_up=give_up, crash=crash)
warm_parent.main()
"""
LIMITS = ("NOFILE", "AS", "CPU", "CORE")


def _parent() -> psutil.Process:
    """The warm parent of this process."""
    (parent,) = [
        child
        for child in psutil.Process().children()
        if child.status() != psutil.STATUS_ZOMBIE and "warm_parent.py" in child.cmdline()[-1]
    ]
    return parent


async def test_all_probes_have_the_same_parent_with_one_thread(plain: Path) -> None:
    probe(plain)
    first = _parent()
    probe(plain)
    assert _parent() == first
    assert first.num_threads() == 1
    await eventually(lambda: first.children() == [])


def test_a_killed_parent_is_started_again(plain: Path) -> None:
    facts = probe(plain)
    killed = _parent()
    killed.kill()
    killed.wait()
    assert probe(plain) == facts
    assert _parent() != killed


async def test_a_probe_whose_parent_is_killed_is_repeated(
    plain: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    facts = probe(plain)
    with hanging_readers(tmp_path, monkeypatch) as hanging:
        repeated = asyncio.create_task(probe_async(plain))
        await eventually(lambda: len(hanging.pids()) == 1)
        (child,) = hanging.pids()
        psutil.Process(child).parent().kill()  # pyright: ignore[reportOptionalMemberAccess]
        await eventually(lambda: not psutil.pid_exists(child))
        hanging.go_on()
        assert await repeated == facts


async def test_a_function_that_is_killed_leaves_no_process(plain: Path, tmp_path: Path) -> None:
    with (
        pytest.MonkeyPatch.context() as monkeypatch,
        hanging_readers(tmp_path, monkeypatch) as hanging,
    ):
        code = (
            "import sys; from pathlib import Path; from shared.media.probe import probe;"
            "from shared.media.readers import children;"
            "children.warm_parent = children.WarmParent(Path(sys.argv[1])); probe(Path(sys.argv[2]))"
        )
        command = [sys.executable, "-c", code, str(hanging.script), str(plain)]
        function = await asyncio.create_subprocess_exec(*command, cwd=CHECKOUT)
        await eventually(lambda: len(hanging.pids()) == 1)
        processes = psutil.Process(function.pid).children(recursive=True)
        assert len(processes) >= 2, "the parent, and the child that hangs"
        function.send_signal(signal.SIGKILL)
        await function.wait()
        await eventually(lambda: not any(process.is_running() for process in processes))


async def test_a_child_that_hangs_is_ended_and_others_go_on(
    plain: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with hanging_readers(tmp_path, monkeypatch) as hanging:
        with plain.open("rb") as file, reading(file, "libav", "mov", 32, 0, 0) as child:
            child.report()  # the parent is warm
        monkeypatch.setattr(children, "CHILD_TIMEOUT_SECONDS", 0.3)
        with pytest.raises(TooSlow):
            probe(plain)
        (hung,) = hanging.pids()
        await eventually(lambda: not psutil.pid_exists(hung))


@pytest.mark.parametrize(
    ("reader", "error"), [("spin", LimitReached), ("give_up", LimitReached), ("crash", NoReport)]
)
def test_a_child_at_its_limit_is_told_from_one_that_crashed(
    plain: Path, tmp_path: Path, reader: str, error: type[Exception]
) -> None:
    script = tmp_path / "parent.py"
    script.write_text(LIMITED.format(checkout=str(CHECKOUT)))
    parent = children.WarmParent(script)
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(children, "warm_parent", parent)
        try:
            with plain.open("rb") as file, reading(file, reader) as child, pytest.raises(error):
                child.report()
        finally:
            parent.end()


def test_a_child_has_one_file_and_nothing_of_the_function_or_of_other_children(
    plain: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SUPABASE_SERVICE_ROLE_KEY", "secret")
    script = tmp_path / "parent.py"
    script.write_text(LOOKS.format(checkout=str(CHECKOUT), limits=LIMITS))
    parent = children.WarmParent(script)
    monkeypatch.setattr(children, "warm_parent", parent)
    try:
        with (
            plain.open("rb") as file,
            reading(file, "looks") as one,
            reading(file, "looks") as other,
        ):
            seen = [json.loads(child.report()) for child in (one, other)]
    finally:
        parent.end()

    first, second = seen
    assert first["pid"] != second["pid"]
    assert first["parent"] == second["parent"] != os.getpid()
    for child in seen:
        assert child["files"] == [0, 1, 2]
        assert child["environment"].keys() <= {"LC_CTYPE"}, "Python sets it itself"
        assert child["refused"] == "Too many open files"
        assert child["rights"] == ["0" * 16, "0" * 16, "1"], "not even root's"
        mapped = child["mapped"]
        assert child["limits"][0] == [3, 3]
        assert child["limits"][1][0] == child["limits"][1][1]
        assert child["limits"][1][0] == pytest.approx(mapped + (1 << 20), abs=1 << 20)
        assert child["limits"][2:] == [[4, 5], [0, 0]]
