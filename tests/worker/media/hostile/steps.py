"""What a file meets on its way to a clip."""

from pathlib import Path

import pytest

from pipeline.encoding.canvas import Canvas
from pipeline.encoding.encode import Cut, encode_clip
from pipeline.selection.moments import choose
from pipeline.selection.scenes import analyse
from pipeline.selection.thumbnail_time import thumbnail_time
from shared.media.probe import MediaFacts, UnusableMedia, probe


def refusal(path: Path) -> UnusableMedia:
    """Why the probe takes no such file, in words that name no path."""
    with pytest.raises(UnusableMedia) as refused:
        probe(path)
    assert str(path) not in refused.value.detail
    return refused.value


async def make_raw_clip(path: Path, seconds: float, target: Path) -> MediaFacts:
    """A raw clip of a file, made beside its target as a job makes it."""
    facts = probe(path)
    analysis = await analyse(path, facts, target.parent)
    (selection,) = choose(analysis, 1, seconds, 7)
    cuts = [Cut(path=path, facts=facts, start=part.start, end=part.end) for part in selection]
    thumbnail_time(analysis, selection)
    return await encode_clip(cuts, target, canvas=Canvas.of(facts), work_dir=target.parent)


async def make_clip(path: Path, start: float, end: float, target: Path) -> MediaFacts:
    """A clip of a part of a file, in seconds, made beside its target."""
    facts = probe(path)
    cut = Cut(path=path, facts=facts, start=start, end=end)
    return await encode_clip([cut], target, canvas=Canvas.of(facts), work_dir=target.parent)
