"""What a file meets on its way to a clip."""

from pathlib import Path

import pytest

from pipeline.canvas import Canvas
from pipeline.encode import Cut, encode_clip
from shared.media import MediaFacts, UnusableMedia, probe


def refusal(path: Path) -> UnusableMedia:
    """Why the probe takes no such file, in words that name no path."""
    with pytest.raises(UnusableMedia) as refused:
        probe(path)
    assert str(path) not in refused.value.detail
    return refused.value


async def make_clip(path: Path, start: float, end: float, target: Path) -> MediaFacts:
    """A clip of a part of a file, in seconds, made beside its target."""
    facts = probe(path)
    cut = Cut(path=path, facts=facts, start=start, end=end)
    return await encode_clip([cut], target, canvas=Canvas.of(facts), work_dir=target.parent)
