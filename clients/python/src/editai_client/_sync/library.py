"""Projects, sources, clips and exports."""

from collections.abc import Callable
from pathlib import Path
from uuid import UUID

from editai_client._sync.calls import Calls, given
from editai_client._sync.http import new_client
from editai_client._sync.transfers import OnSent
from editai_client._sync.uploading import Uploading
from editai_client.models import Clip, Export, ExportPreset, Page, Project, Source
from editai_client.problems import problem_of
from editai_client.upload.memory import UploadMemory


def _unheard(_done: int, _total: int) -> None:
    """Progress that nobody asked for."""


class ProjectCalls(Calls):
    """Projects."""

    def create_project(self, name: str) -> Project:
        """Create a project."""
        return self._http.read(Project, "POST", "/projects", json={"name": name})

    def projects(self) -> list[Project]:
        """All your projects, newest first."""
        return self._http.all(Page[Project], "/projects")

    def project(self, project_id: str) -> Project:
        """One project."""
        return self._http.read(Project, "GET", f"/projects/{project_id}")

    def rename_project(self, project_id: str, name: str) -> Project:
        """Rename a project."""
        return self._http.read(Project, "PATCH", f"/projects/{project_id}", json={"name": name})

    def delete_project(self, project_id: str) -> None:
        """Delete a project and everything in it. Raises ProjectBusy while a job is active."""
        self._http.send("DELETE", f"/projects/{project_id}")


class SourceCalls(Calls):
    """Sources."""

    def upload(
        self,
        project_id: str,
        video: Path,
        *,
        on_sent: OnSent = _unheard,
        memory: UploadMemory | None = None,
    ) -> Source:
        """Upload a video straight to storage, and confirm it. Raises UnusableVideo if it is unusable.

        A lost connection is resumed. With a `memory`, the upload also goes on in another process.
        """
        uploading = Uploading(
            http=self._http, project_id=project_id, video=video, memory=memory, on_sent=on_sent
        )
        return uploading.run()

    def sources(self, project_id: str) -> list[Source]:
        """All sources of a project, newest first."""
        return self._http.all(Page[Source], f"/projects/{project_id}/sources")

    def delete_source(self, source_id: UUID) -> None:
        """Delete a source; clips made from it stay. Raises ProjectBusy while a job is active."""
        self._http.send("DELETE", f"/sources/{source_id}")


class ClipCalls(Calls):
    """Clips and exports."""

    def clips(self, project_id: str | None = None) -> list[Clip]:
        """All clips of a project, ordered by variant number; without a project, of all your projects, newest first."""
        if project_id is None:
            return self._http.all(Page[Clip], "/clips")
        clips = self._http.all(Page[Clip], f"/projects/{project_id}/clips")
        return sorted(clips, key=lambda clip: clip.variant_number)

    def clip(self, clip_id: UUID) -> Clip:
        """One clip, with new URLs."""
        return self._http.read(Clip, "GET", f"/clips/{clip_id}")

    def update_clip(
        self, clip_id: UUID, *, variant_name: str | None = None, is_selected: bool | None = None
    ) -> Clip:
        """Rename a clip, or select it for publishing."""
        changes = given(variant_name=variant_name, is_selected=is_selected)
        return self._http.read(Clip, "PATCH", f"/clips/{clip_id}", json=changes)

    def delete_clip(self, clip_id: UUID) -> None:
        """Delete a clip with its exports. Raises ProjectBusy while a job of its project is active."""
        self._http.send("DELETE", f"/clips/{clip_id}")

    def exports(self, clip_id: UUID) -> list[Export]:
        """All final renders of a clip, newest first."""
        return self._http.all(Page[Export], f"/clips/{clip_id}/exports")

    def delete_export(self, export_id: UUID) -> None:
        """Delete a final render with its files."""
        self._http.send("DELETE", f"/exports/{export_id}")

    def export_presets(self) -> tuple[ExportPreset, ...]:
        """What a clip can be rendered for."""
        return (self._http.read(Page[ExportPreset], "GET", "/export-presets")).items

    def download(
        self,
        url: str,
        target: Path,
        *,
        on_received: Callable[[int, int | None], None] | None = None,
    ) -> None:
        """Download a signed URL to a file, which appears when it is complete.

        `on_received` is called with the bytes so far, and with those of all, if they are known.
        """
        draft = target.with_name(f"{target.name}.part")
        with new_client() as client, client.stream("GET", url) as response:
            if response.is_error:
                response.read()
                raise problem_of(response)
            length = response.headers.get("Content-Length")
            with draft.open("wb") as file:
                for block in response.iter_bytes():
                    file.write(block)
                    if on_received:
                        on_received(file.tell(), int(length) if length else None)
        draft.replace(target)
