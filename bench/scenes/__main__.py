"""`python -m bench.scenes`: where the worker and PySceneDetect find cuts and dissolves.

    python -m bench.scenes [file...]    more files: compared with the marks on which both detectors agree

The first run makes an environment for PySceneDetect, with pinned versions, and the footage; both stay in `.local`.
"""

import asyncio
import json
import subprocess
import sys
import venv
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.scenes import score
from bench.scenes.corpus import Footage, make
from bench.scenes.score import Score
from pipeline.selection.scenes import analyse
from shared.media.probe import probe

_HERE = Path(__file__).parent
_LOCAL = _HERE.parents[1] / ".local"
_OURS = "worker"


def main(files: Sequence[str]) -> None:
    """Print a row per file, and the sums."""
    footage = make(_LOCAL / "bench-scenes")
    known = len(footage)
    footage += [Footage(name=Path(file).name, path=Path(file)) for file in files]
    marks = _peers([one.path for one in footage])
    marks[_OURS] = [_marks(one.path) for one in footage]
    _print_table(
        "cuts: recall and precision against the known edits", score.cuts, footage[:known], marks
    )
    _print_table("dissolves: recall", score.dissolves, footage[:known], marks)
    both = [marks["ContentDetector"], marks["AdaptiveDetector"]]
    agreed = [
        (one.name, score.agreed(first, second, ours))
        for one, first, second, ours in zip(footage, *both, marks[_OURS], strict=True)
    ]
    total = sum((one for _, one in agreed), Score())
    print(f"\nmarks of both detectors that the worker has too: {total.found} of {total.there}")
    for name, one in agreed:
        if one.found < one.there:
            print(f"  {name}: {one.found} of {one.there}")


def _marks(path: Path) -> list[int]:
    """Where the worker's scenes start."""
    with TemporaryDirectory() as directory:
        analysis = asyncio.run(analyse(path, probe(path), Path(directory)))
    return [scene.start_frame for scene in analysis.scenes[1:]]


def _peers(files: Sequence[Path]) -> dict[str, list[list[int]]]:
    """The marks of PySceneDetect's detectors, per detector and file."""
    folder = _LOCAL / "scenedetect"
    python = folder / "bin/python"
    requirements = _HERE / "requirements.txt"
    installed = folder / "requirements.txt"
    if not installed.exists() or installed.read_text() != requirements.read_text():
        venv.create(folder, with_pip=True, clear=True)
        install = [
            python,
            "-m",
            "pip",
            "install",
            "--quiet",
            "--require-hashes",
            "-r",
            requirements,
        ]
        subprocess.run(install, check=True)
        installed.write_text(requirements.read_text())
    command = [python, _HERE / "peers.py", *files]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE)
    return json.loads(done.stdout)


def _print_table(
    title: str,
    judge: Callable[[Footage, Sequence[int]], Score],
    footage: Sequence[Footage],
    marks: dict[str, list[list[int]]],
) -> None:
    print(f"\n{title}")
    for name in marks:
        print(f"{name:>20}", end="")
    print()
    totals = dict.fromkeys(marks, Score())
    for index, one in enumerate(footage):
        scores = {name: judge(one, found[index]) for name, found in marks.items()}
        totals = {name: totals[name] + scores[name] for name in marks}
        if any(part.there or part.marks for part in scores.values()):
            _print_row(one.name, scores)
    _print_row("all", totals)


def _print_row(title: str, scores: dict[str, Score]) -> None:
    for part in scores.values():
        found, right = f"{part.found}/{part.there}", f"{part.right}/{part.marks}"
        print(f"{found:>10}{right:>10}", end="")
    print(f"   {title}")


if __name__ == "__main__":
    main(sys.argv[1:])
