"""Remembers unfinished uploads in a directory, so that another process can go on with them."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from pydantic import BaseModel, ConfigDict, ValidationError

from editai_client.models import ResumableUpload


class Ticket(BaseModel):
    """What is needed to go on with an upload. `location` is its own URL, once storage has given it one."""

    model_config = ConfigDict(frozen=True)

    source_id: UUID
    content_type: str
    upload_url: str
    resumable: ResumableUpload | None
    location: str | None = None


@dataclass(frozen=True)
class UploadMemory:
    """A directory with a file for each unfinished upload. Whoever can read it can write to these uploads."""

    directory: Path

    def read(self, key: str) -> Ticket | None:
        """The ticket, if there is one that has not expired."""
        try:
            ticket = Ticket.model_validate_json(self._file(key).read_bytes())
        except (OSError, ValidationError):
            return None
        is_live = ticket.resumable and ticket.resumable.expires_at > datetime.now(UTC)
        return ticket if is_live else None

    def write(self, key: str, ticket: Ticket) -> None:
        """Remember a ticket."""
        self.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = self._file(key).with_suffix(".new")
        draft.touch(mode=0o600)
        draft.write_text(ticket.model_dump_json())
        draft.replace(self._file(key))

    def forget(self, key: str) -> None:
        """Remove a ticket, if there is one."""
        self._file(key).unlink(missing_ok=True)

    def _file(self, key: str) -> Path:
        return self.directory / f"{hashlib.sha256(key.encode()).hexdigest()}.json"


def upload_key(library_url: str, project_id: str, video: Path) -> str:
    """What an upload is remembered under: the project and the file, as it is now."""
    facts = video.stat()
    return "|".join(
        [library_url, project_id, str(video.resolve()), str(facts.st_size), str(facts.st_mtime_ns)]
    )
