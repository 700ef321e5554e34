"""Files after a run: those that nothing points at and nothing will remove, and those that are missing."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import LiteralString

import psycopg

_OF_CLIPS: LiteralString = """
    select storage_path from editai_clips union all select thumbnail_path from editai_clips
"""
_OTHERS: LiteralString = """
    select storage_path from editai_sources
    union all select storage_path from editai_exports union all select thumbnail_path from editai_exports
"""
_GARBAGE: LiteralString = "select prefix from editai_storage_garbage"


@dataclass(frozen=True, kw_only=True)
class Files:
    """`lost` would stay for ever; `missing` are a clip's, whose row says that they are there."""

    lost: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()

    @classmethod
    def compare(
        cls,
        stored: Iterable[str],
        *,
        of_clips: Iterable[str],
        others: Iterable[str],
        garbage: Iterable[str],
    ) -> "Files":
        """What is stored beside the rows of the database."""
        stored, of_clips, prefixes = set(stored), set(of_clips), tuple(garbage)
        unknown = stored - of_clips - set(others)
        lost = (path for path in unknown if not path.startswith(prefixes))
        return cls(lost=tuple(sorted(lost)), missing=tuple(sorted(of_clips - stored)))

    @classmethod
    def of(cls, storage: Path, database_url: str) -> "Files":
        """Those of a run, once every job has ended."""
        with psycopg.connect(database_url, connect_timeout=5) as connection:
            of_clips, others, garbage = (
                [path for (path,) in connection.execute(query)]
                for query in (_OF_CLIPS, _OTHERS, _GARBAGE)
            )
        return cls.compare(_stored(storage), of_clips=of_clips, others=others, garbage=garbage)


def _stored(storage: Path) -> list[str]:
    """All but what is being staged, or was when its process was killed: that goes by itself after a day."""
    paths = (path.relative_to(storage) for path in storage.rglob("*") if path.is_file())
    return [path.as_posix() for path in paths if not path.parts[0].startswith(".staging")]
