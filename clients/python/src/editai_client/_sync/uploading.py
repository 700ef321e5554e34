"""From a file to a source that jobs can use: create the source, send the file, confirm it."""

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import httpx

from editai_client._sync.http import Http, new_client
from editai_client._sync.transfers import OnSent, PutUpload, TusUpload
from editai_client.models import Source, Upload
from editai_client.problems import NotFound, UnusableVideo
from editai_client.retrying import backoff_seconds
from editai_client.upload.memory import Ticket, UploadMemory, upload_key
from editai_client.upload.tus import TryAgain, UploadExpired
from editai_client.waiting import sleep

UPLOAD_RETRIES = 8
"""Consecutive failures that an upload bears. After more it fails, but can be resumed if it is remembered."""


@dataclass(frozen=True, kw_only=True)
class Uploading:
    """One file on its way into one project."""

    http: Http
    project_id: str
    video: Path
    memory: UploadMemory | None
    on_sent: OnSent

    def run(self) -> Source:
        """Upload, from where an earlier process stopped if it is remembered. Raises LibraryError, UploadExpired."""
        remembered = self.memory and self.memory.read(self._key)
        resumed = remembered and self._finish(remembered)
        if resumed:
            return resumed
        source = self._finish(self._announce())
        if source is None:
            raise UploadExpired("Storage has lost the upload; start it again.")
        return source

    def _announce(self) -> Ticket:
        path = f"/projects/{self.project_id}/sources"
        created = self.http.read(Upload, "POST", path, json={"file_name": self.video.name})
        return Ticket(
            source_id=created.source.id,
            content_type=created.source.content_type,
            upload_url=created.upload_url,
            resumable=created.resumable,
        )

    def _finish(self, ticket: Ticket) -> Source | None:
        """Send what is missing and confirm the source; None if storage does not know the upload any more."""
        # A complete upload is gone too, if only the response to its last part was lost. The library knows.
        with suppress(UploadExpired):
            self._send(ticket)
        try:
            source = self.http.read(Source, "POST", f"/sources/{ticket.source_id}/confirm")
        except (NotFound, UnusableVideo) as error:
            self._forget()
            if isinstance(error, NotFound) or error.reason == "not_uploaded":
                return None
            raise
        self._forget()
        return source

    def _send(self, ticket: Ticket) -> None:
        with self.video.open("rb") as file, new_client() as client:
            upload = self._transfer(ticket, client, file)
            failures = 0
            while not upload.is_complete:
                try:
                    upload.step()
                    failures = 0
                except (TryAgain, httpx.TransportError):
                    failures += 1
                    if failures > UPLOAD_RETRIES:
                        raise
                    sleep(backoff_seconds(failures))

    def _transfer(
        self, ticket: Ticket, client: httpx.Client, file: BinaryIO
    ) -> PutUpload | TusUpload:
        size = self.video.stat().st_size
        if ticket.resumable is None:
            return PutUpload(
                client=client, file=file, size=size, on_sent=self.on_sent, ticket=ticket
            )

        def on_location(location: str) -> None:
            if self.memory:
                self.memory.write(self._key, ticket.model_copy(update={"location": location}))

        return TusUpload(
            client=client,
            file=file,
            size=size,
            on_sent=self.on_sent,
            resumable=ticket.resumable,
            location=ticket.location,
            on_location=on_location,
        )

    def _forget(self) -> None:
        if self.memory:
            self.memory.forget(self._key)

    @property
    def _key(self) -> str:
        return upload_key(self.http.base_url, self.project_id, self.video)
