"""`python -m bench.probe`: what a probe costs, in wall-clock and CPU time, by the kind of file.

    python -m bench.probe [--rounds N] [checkout...]    other checkouts (git worktrees) beside this one

Each checkout probes in a process of its own, as a function does. In each round all of them probe each file, one after
the other, so that other load on the machine meets all alike. The CPU time is that of the process and all its children.
"first" is the first probe of a new process. The first run makes the files, of 1 MB and 220 MB; they stay in `.local`.
"""

import argparse
import subprocess
import sys
from collections.abc import Generator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter

from bench.processes import cpu_seconds
from pipeline.ffmpeg.process import executable

_HERE = Path(__file__).parents[1]
_FOLDER = _HERE / ".local/bench-probe"
_RECORDING = _HERE / "tests/support/media/cases/mrs_vp8.webm"

# Made of ten seconds each: the beginning of small files, repeated in large ones.
_SMALL = ("small.mp4", "small.avi", "small.mkv", "small.ts")
_LARGE = ("large.mp4", "large-fragmented.mp4", "large.mkv", "large.ts")
_FRAGMENTED = ("-movflags", "+frag_keyframe+empty_moov+default_base_moof")
_REPEATS_OF_LARGE = 24

_PROBES_PER_ROUND = {False: 5, True: 1}
"""For files that are not large, and large ones: the kernel counts CPU time in steps of 10 ms."""

_PROBER = """
import sys
from pathlib import Path
from shared.media.probe import UnusableMedia, probe
print(flush=True)
for line in sys.stdin:
    try:
        probe(Path(line.strip()))
    except UnusableMedia:
        pass
    print(flush=True)
"""


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What one probe costs, in seconds."""

    wall: float
    cpu: float


class Prober:
    """A process that probes with the code of one checkout."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def probe(self, path: Path, times: int) -> Cost:
        """Probe a file some times; the mean cost."""
        cpu, start = cpu_seconds(self._process.pid), perf_counter()
        for _ in range(times):
            self._say(str(path))
        wall = perf_counter() - start
        return Cost(wall=wall / times, cpu=(cpu_seconds(self._process.pid) - cpu) / times)

    def _say(self, line: str) -> None:
        if self._process.stdin is None or self._process.stdout is None:
            raise AssertionError
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()
        if not self._process.stdout.readline():
            raise ChildProcessError(self._process.pid)


def main(arguments: Sequence[str]) -> None:
    """Print a row per file, with the medians of each checkout."""
    parser = argparse.ArgumentParser(prog="bench.probe")
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("checkouts", nargs="*", type=Path)
    options = parser.parse_args(arguments)
    checkouts = [*(path.resolve() for path in options.checkouts), _HERE]
    print("probe: wall / CPU ms" + "".join(f"{path.name:>22}" for path in checkouts))
    for name, costs in measure(checkouts, _files(), options.rounds).items():
        cells = (
            f"{median(one.wall for one in of) * 1000:14.0f} / {median(one.cpu for one in of) * 1000:.0f}"
            for of in costs
        )
        print(f"{name:20}" + "".join(f"{cell:>22}" for cell in cells))


def measure(
    checkouts: Sequence[Path], files: Sequence[Path], rounds: int
) -> dict[str, list[list[Cost]]]:
    """The costs of each round, per checkout, by the name of the file."""
    names = ["first", *(path.name for path in files)]
    costs: dict[str, list[list[Cost]]] = {name: [[] for _ in checkouts] for name in names}
    with ExitStack() as probers:
        warm = [probers.enter_context(_prober(checkout)) for checkout in checkouts]
        for prober in warm:
            prober.probe(files[0], 1)
        for _ in range(rounds):
            for number, checkout in enumerate(checkouts):
                with _prober(checkout) as new:
                    costs["first"][number].append(new.probe(files[0], 1))
            for path in files:
                times = _PROBES_PER_ROUND[path.name in _LARGE]
                for number, prober in enumerate(warm):
                    costs[path.name][number].append(prober.probe(path, times))
    return costs


@contextmanager
def _prober(checkout: Path) -> Generator[Prober]:
    command = [sys.executable, "-c", _PROBER]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=checkout, stdin=pipe, stdout=pipe, text=True) as process:
        if process.stdout is None:
            raise AssertionError
        process.stdout.readline()  # it has started
        yield Prober(process)


def _files() -> list[Path]:
    """The files to probe; made if they are missing."""
    _FOLDER.mkdir(parents=True, exist_ok=True)
    source = _FOLDER / "source.mp4"
    if not source.exists():
        picture = "testsrc2=size=1280x720:rate=30:duration=10,noise=alls=20:allf=t"
        sound = "sine=frequency=440:sample_rate=48000:duration=10"
        codecs = ("-c:v", "libx264", "-preset", "ultrafast", "-b:v", "7M", "-maxrate", "7M")
        more = ("-bufsize", "7M", "-g", "60", "-pix_fmt", "yuv420p", "-c:a", "aac")
        _make(source, "-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", sound, *codecs, *more)
    for name in _SMALL:
        _make(_FOLDER / name, "-i", str(source), "-t", "1", "-c", "copy")
    for name in _LARGE:
        options = _FRAGMENTED if "fragmented" in name else ()
        repeat = ("-stream_loop", str(_REPEATS_OF_LARGE - 1))
        _make(_FOLDER / name, *repeat, "-i", str(source), "-c", "copy", *options)
    return [*(_FOLDER / name for name in _SMALL), _RECORDING, *(_FOLDER / name for name in _LARGE)]


def _make(path: Path, *arguments: str) -> None:
    if path.exists():
        return
    half = path.with_stem(f"half-{path.stem}")
    subprocess.run([executable(), "-v", "error", "-y", *arguments, str(half)], check=True)
    half.rename(path)


if __name__ == "__main__":
    main(sys.argv[1:])
