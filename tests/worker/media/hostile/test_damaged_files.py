"""165 damaged files of 11 formats: each becomes a clip, or is refused with a reason."""

from pathlib import Path

import pytest

from tests.support.media.mutations import FORMATS, Mutation, make_whole
from tests.worker.media.hostile.fuzz import fuzz

EACH_FORMAT = 15
ENCODE_EACH = 3
"""Encoding takes most of the time; `make fuzz-media` encodes all."""


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """An undamaged file of each format."""
    return make_whole(tmp_path_factory.mktemp("whole"))


@pytest.mark.parametrize("format_", list(FORMATS))
async def test_a_damaged_file_becomes_a_clip_or_is_refused_with_a_reason(
    whole: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, format_: str
) -> None:
    monkeypatch.setenv("FFMPEG_MEMORY_BYTES", str(1 << 30))
    damaged = [Mutation(format=format_, seed=seed) for seed in range(EACH_FORMAT)]
    findings = await fuzz(damaged, whole, tmp_path, encode_each=ENCODE_EACH)
    assert not findings.defects, "\n".join(f"{m}\n{story}" for m, story in findings.defects)
    assert sum(findings.endings.values()) == EACH_FORMAT
    assert len(findings.endings) > 1, "damage of one kind only proves little"
