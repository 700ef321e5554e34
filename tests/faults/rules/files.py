"""Files after a run: those that no row points at, and those that are missing."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import LiteralString

import psycopg

from tests.faults.load.load import PREPARED

SHOWN = 20

# Files that must exist: those of clips, exports and uploaded sources are stored before their row is written.
_CERTAIN: LiteralString = """
    select storage_path from editai_clips union all select thumbnail_path from editai_clips
    union all select storage_path from editai_exports union all select thumbnail_path from editai_exports
    union all select storage_path from editai_sources where status = 'ready' and file_name <> %(prepared)s
"""
_OTHERS: LiteralString = "select storage_path from editai_sources"


@dataclass(frozen=True, kw_only=True)
class Files:
    """`lost`: no row points at them; `missing`: a row points at them; `garbage`: how much was not removed."""

    lost: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    garbage: int = 0

    @property
    def are_right(self) -> bool:
        """True if storage holds exactly what rows point at."""
        return not (self.lost or self.missing or self.garbage)

    def lines(self) -> list[str]:
        """These figures as lines of the report."""
        lost, missing = len(self.lost), len(self.missing)
        return [
            f"files             {lost} that nothing points at, {missing} missing",
            f"garbage           {self.garbage} not removed",
            *(f"    {path}" for path in (*self.lost, *self.missing)[:SHOWN]),
        ]

    @classmethod
    def compare(
        cls, stored: Iterable[str], *, certain: Iterable[str], others: Iterable[str]
    ) -> "Files":
        """Compares storage with the rows of the database. Only `certain` files must exist; `others` may."""
        stored, certain = set(stored), set(certain)
        return cls(
            lost=tuple(sorted(stored - certain - set(others))),
            missing=tuple(sorted(certain - stored)),
        )

    @classmethod
    def of(cls, storage: Path, database_url: str) -> "Files":
        """The files of a run, after every job has ended and garbage has been removed."""
        with psycopg.connect(database_url, connect_timeout=5) as connection:
            certain, others = (
                [path for (path,) in connection.execute(query, {"prepared": PREPARED})]
                for query in (_CERTAIN, _OTHERS)
            )
        return cls.compare(_stored(storage), certain=certain, others=others)


def _stored(storage: Path) -> list[str]:
    """All stored files but those in staging: a killed process may leave them, and they are removed after a day."""
    paths = (path.relative_to(storage) for path in storage.rglob("*") if path.is_file())
    return [path.as_posix() for path in paths if not path.parts[0].startswith(".staging")]
