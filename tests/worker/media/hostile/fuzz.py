"""Probes damaged files and makes clips of the accepted ones: `make fuzz-media MUTATIONS=3000 SEED=0`.

Each file must give a clip, or a reason that may be shown to a user, within bounded time and memory, and leave no
process. Anything else is a defect: it is printed with its mutation, and the command exits with 1.
"""

import argparse
import asyncio
import os
import shutil
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from pipeline.encoding.canvas import Canvas
from pipeline.encoding.encode import encode_clip
from pipeline.encoding.reading.cut import Cut
from pipeline.encoding.thumbnail import make_thumbnail
from pipeline.ffmpeg.failure import FfmpegFailed
from pipeline.selection.moments import choose
from pipeline.selection.scenes import analyse
from pipeline.selection.thumbnail_time import thumbnail_time
from shared.media.probe import MediaFacts, UnusableMedia, probe_async
from tests.support.media.mutations import Mutation, make_whole, mutations, zzuf

CLIP_SECONDS = 0.4
TIMEOUT_SECONDS = 120.0


@dataclass(kw_only=True)
class Findings:
    """The counts of each kind of ending, and the mutations that caused a defect."""

    endings: Counter[str] = field(default_factory=Counter[str])
    defects: list[tuple[Mutation, str]] = field(default_factory=list[tuple[Mutation, str]])
    slowest_seconds: float = 0.0


async def fuzz(
    damaged: Iterable[Mutation], whole: dict[str, Path], folder: Path, *, encode_each: int = 1
) -> Findings:
    """Probe each file, and make a clip of every `encode_each`-th accepted one."""
    await probe_async(
        next(iter(whole.values()))
    )  # starts the parent of all probes' children, which stays
    findings, accepted, others = Findings(), 0, _children()
    for mutation in damaged:
        file = folder / "damaged"
        mutation.write(whole[mutation.format], file)
        started_at = time.monotonic()
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                ending = await _end(file, folder, encode=accepted % encode_each == 0)
        except Exception:
            findings.defects.append((mutation, traceback.format_exc()))
            continue
        findings.slowest_seconds = max(findings.slowest_seconds, time.monotonic() - started_at)
        accepted += not ending.startswith("refused")
        findings.endings[ending] += 1
        if left := _left_over(folder, file, others):
            findings.defects.append((mutation, left))
    return findings


async def _end(file: Path, work_dir: Path, *, encode: bool) -> str:
    """How the processing of a file ended."""
    try:
        facts = await probe_async(file)
    except UnusableMedia as refused:
        _check(refused.detail, file)
        return f"refused: {refused.code}"
    if not encode:
        return "accepted"
    try:
        await _make_clip(file, facts, work_dir)
    except FfmpegFailed as failed:
        _check(failed.detail, file)
        if failed.transient:
            raise  # a transient failure would be retried, with the same result
        if failed.detail == "The video could not be processed.":
            print(failed.log_tail)
        return f"failed: {failed.detail}"
    return "a clip"


async def _make_clip(file: Path, facts: MediaFacts, work_dir: Path) -> None:
    """Process a source as a job does."""
    analysis = await analyse(file, facts, work_dir)
    (selection,) = choose(analysis, 1, CLIP_SECONDS, 7)
    cuts = [Cut(path=file, facts=facts, start=part.start, end=part.end) for part in selection]
    clip, picture = work_dir / "clip.mp4", work_dir / "clip.jpg"
    try:
        await encode_clip(cuts, clip, canvas=Canvas.of(facts), work_dir=work_dir)
        at = thumbnail_time(analysis, selection)
        await make_thumbnail(file, facts, at, picture, work_dir=work_dir)
    finally:
        clip.unlink(missing_ok=True)
        picture.unlink(missing_ok=True)


def _check(detail: str, file: Path) -> None:
    """A reason must be a sentence without a path."""
    if not detail.endswith(".") or str(file.parent) in detail or "Traceback" in detail:
        raise ValueError(f"no reason to show to a user: {detail!r}")


def _children() -> set[psutil.Process]:
    return set(psutil.Process().children(recursive=True))


def _left_over(folder: Path, file: Path, others: set[psutil.Process]) -> str:
    # A process that was there before, such as the run's Postgres, may start and end one of its own at any time.
    theirs = {process.pid for process in others}
    children = list[str]()
    for process in _children() - others:
        with suppress(psutil.NoSuchProcess):
            if process.ppid() not in theirs:
                children.append(process.name())
    files = sorted(path.name for path in folder.iterdir() if path != file)
    return f"left over: processes {children}, files {files}" if children or files else ""


def main() -> int:
    """Fuzz with the command line's options, and print the findings."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mutations", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    print(f"{options.mutations} mutations by {zzuf() or 'our own flips'}, --seed {options.seed}")
    root = Path(tempfile.mkdtemp(prefix="editai-fuzz-media-"))
    try:
        (root / "whole").mkdir()
        (root / "work").mkdir()
        whole = make_whole(root / "whole")
        damaged = mutations(options.mutations, options.seed)
        findings = asyncio.run(fuzz(damaged, whole, root / "work"))
    finally:
        shutil.rmtree(root, ignore_errors=True)
    for ending, count in findings.endings.most_common():
        print(f"{count:6} {ending}")
    print(f"the slowest took {findings.slowest_seconds:.1f} s; {len(findings.defects)} defects")
    for mutation, story in findings.defects:
        print(f"\n{mutation}\n{story}")
    return 1 if findings.defects else 0


if __name__ == "__main__":
    os.environ.setdefault("FFMPEG_MEMORY_BYTES", str(1 << 30))
    sys.exit(main())
