"""Resumable uploads to a local directory that have not ended yet, each in a folder of its own.

    .uploads/{upload id}/upload.json   what the upload announced
    .uploads/{upload id}/data          the bytes received so far; gone when the file has been stored

Its size is the upload's offset, so a killed server loses only what it had not written. The folder is hidden: no stored
file's path leads there, and it is in the same file system as the files, so that storing one is a link.
"""

import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID, uuid4

from pydantic import BaseModel, ConfigDict, ValidationError

FOLDER = ".uploads"
_ANNOUNCED = "upload.json"
_DRAFT_SECONDS = 3600
"""A folder without an announcement is being created, or its creator was killed."""

GRACE_SECONDS = 1800
"""How long a request that began before the upload expired may continue, as for an upload by URL."""


class Announced(BaseModel):
    """What an upload announced when it was created."""

    model_config = ConfigDict(frozen=True)

    path: str
    length: int
    metadata: str
    expires_at: int
    """Unix time."""


@dataclass(frozen=True, kw_only=True)
class UnfinishedUpload:
    """An upload and its folder."""

    folder: Path
    announced: Announced

    @property
    def data(self) -> Path:
        """The bytes received so far."""
        return self.folder / "data"

    @property
    def is_stored(self) -> bool:
        """Whether the file is complete at its path."""
        return not self.data.exists()

    @property
    def offset(self) -> int:
        """How many bytes have been received."""
        return self.announced.length if self.is_stored else self.data.stat().st_size

    @property
    def has_expired(self) -> bool:
        """Whether no request can continue it any more."""
        return self.announced.expires_at <= time.time()

    @property
    def is_abandoned(self) -> bool:
        """Whether no request that began in time can still be running either."""
        return self.announced.expires_at + GRACE_SECONDS <= time.time()

    def remove(self) -> None:
        """Forget the upload, with what it has received."""
        shutil.rmtree(self.folder, ignore_errors=True)


@dataclass(frozen=True)
class UnfinishedUploads:
    """All unfinished uploads of a directory."""

    folder: Path

    def create(self, announced: Announced) -> UUID:
        """Begin an upload. The announcement is written last: a folder with one is complete."""
        upload_id = uuid4()
        folder = self.folder / str(upload_id)
        folder.mkdir(parents=True)
        (folder / "data").touch()
        draft = folder / f"{_ANNOUNCED}.new"
        draft.write_text(announced.model_dump_json())
        draft.rename(folder / _ANNOUNCED)
        return upload_id

    def get(self, upload_id: UUID) -> UnfinishedUpload | None:
        """The upload with this id; None if there is none."""
        return _read(self.folder / str(upload_id))

    def remove_abandoned(self) -> int:
        """Remove every abandoned upload, and return how many these were."""
        abandoned = list(self._abandoned())
        for folder in abandoned:
            shutil.rmtree(folder, ignore_errors=True)
        return len(abandoned)

    def _abandoned(self) -> Iterator[Path]:
        with suppress(FileNotFoundError):
            for folder in self.folder.iterdir():
                upload = _read(folder)
                if upload.is_abandoned if upload else _is_old(folder):
                    yield folder


def _read(folder: Path) -> UnfinishedUpload | None:
    try:
        announced = Announced.model_validate_json((folder / _ANNOUNCED).read_bytes())
    except (FileNotFoundError, ValidationError):
        return None
    return UnfinishedUpload(folder=folder, announced=announced)


def _is_old(folder: Path) -> bool:
    with suppress(FileNotFoundError):
        return folder.stat().st_mtime < time.time() - _DRAFT_SECONDS
    return False
