"""The processing steps of a file, as a job runs them."""

from pathlib import Path

import pytest

from pipeline.encoding.canvas import Canvas
from pipeline.encoding.encode import encode_clip
from pipeline.encoding.reading.cut import Cut
from pipeline.selection.moments import choose
from pipeline.selection.scenes import analyse
from pipeline.selection.thumbnail_time import thumbnail_time
from shared.media.probe import MediaFacts, UnusableMedia, probe


def refusal(path: Path) -> UnusableMedia:
    """The error with which the probe refuses a file; its detail must contain no path."""
    with pytest.raises(UnusableMedia) as refused:
        probe(path)
    assert str(path) not in refused.value.detail
    return refused.value


async def make_raw_clip(path: Path, seconds: float, target: Path) -> MediaFacts:
    """Make a raw clip of a file, as a job does, in the directory of `target`."""
    facts = probe(path)
    analysis = await analyse(path, facts, target.parent)
    (selection,) = choose(analysis, 1, seconds, 7)
    cuts = [Cut(path=path, facts=facts, start=part.start, end=part.end) for part in selection]
    thumbnail_time(analysis, selection)
    return await encode_clip(cuts, target, canvas=Canvas.of(facts), work_dir=target.parent)


async def make_clip(path: Path, start: float, end: float, target: Path) -> MediaFacts:
    """Make a clip from `start` to `end` (seconds) of a file in the directory of `target`."""
    facts = probe(path)
    cut = Cut(path=path, facts=facts, start=start, end=end)
    return await encode_clip([cut], target, canvas=Canvas.of(facts), work_dir=target.parent)
