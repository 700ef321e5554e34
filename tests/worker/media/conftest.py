"""Files that several tests share, each made once per run."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from local.programs import CHECKOUT
from pipeline.selection.analysis import Analysis
from pipeline.selection.scenes import analyse
from shared.media.probe import MediaFacts, probe
from tests.support.media import footage
from tests.support.media.kinds import KINDS, Kind

SAMPLE = CHECKOUT / "assets" / "sample.mp4"


@pytest.fixture(scope="session", params=KINDS, ids=lambda kind: kind.name)
def kind(request: pytest.FixtureRequest) -> Kind:
    """Each kind of file in turn."""
    return request.param


@pytest.fixture(scope="session")
def file_of_kind(kind: Kind, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of that kind."""
    path = tmp_path_factory.mktemp("kinds") / kind.name
    kind.make(path)
    return path


@pytest.fixture(scope="session")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An ordinary MP4 of 2 s with sound."""
    path = tmp_path_factory.mktemp("plain") / "plain.mp4"
    KINDS[0].make(path)
    return path


@pytest.fixture(scope="session")
def numbered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """10 s at 30 frames a second, each showing its number; few keyframes, as in files of phones."""
    path = tmp_path_factory.mktemp("numbered") / "numbered.mp4"
    codec = ["-c:v", "libx264", "-preset", "veryfast", "-g", "90", "-bf", "3", "-c:a", "aac"]
    footage.make(*footage.numbered(10), *footage.tone(10), *codec, str(path))
    return path


@pytest.fixture(scope="session")
def sample() -> Path:
    """The short real video in this repository."""
    return SAMPLE


@pytest.fixture(scope="session")
def sample_facts() -> MediaFacts:
    """The probed facts of the sample."""
    return probe(SAMPLE)


@pytest.fixture(scope="session")
def sample_analysis(sample_facts: MediaFacts, tmp_path_factory: pytest.TempPathFactory) -> Analysis:
    """What the analysis says of the sample. It leaves no file behind."""
    folder = tmp_path_factory.mktemp("analysis")
    # In a thread, because this one may have an event loop already.
    with ThreadPoolExecutor(1) as thread:
        work = thread.submit(lambda: asyncio.run(analyse(SAMPLE, sample_facts, folder)))
        analysis = work.result()
    assert footage.names(folder) == []
    return analysis
