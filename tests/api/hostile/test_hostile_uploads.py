"""A hostile file is refused with a reason and leaves nothing, and the library continues."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.library_client import Api, Traces, problem
from tests.support.media import hostile
from tests.support.media.mutations import Mutation, make_whole


def _playlist(path: Path) -> None:
    path.write_bytes(hostile.playlists("/etc/hostname")["hls"])


def _vast(path: Path) -> None:
    hostile.uniform(path, 6000, 6000, frames=1)


def _tracks(path: Path) -> None:
    hostile.many_tracks(path, 40)


def _oblong(path: Path) -> None:
    hostile.pixel_aspect_ratio(path, 2**32 - 1, 1)


@pytest.mark.parametrize(
    ("make", "reason", "words"),
    [
        (_playlist, "not_a_video", "This is a playlist (M3U), which only names other files."),
        (_vast, "too_large", "The video is 6000x6000 pixels"),
        (_oblong, "too_large", "The pixel aspect ratio is above 16:1"),
        (_tracks, "too_many_streams", "The file has 40 streams"),
    ],
    ids=["a playlist", "a vast picture", "oblong pixels", "forty tracks"],
)
async def test_a_hostile_upload_is_refused_with_a_reason(
    api: Api,
    project: str,
    traces: Traces,
    tmp_path: Path,
    *,
    make: Callable[[Path], None],
    reason: str,
    words: str,
) -> None:
    path = tmp_path / "video.mp4"
    make(path)
    answer = await api.generate(project, path.read_bytes(), file_name="video.mp4")
    content = problem(answer, 422, "unusable-video")
    assert content["reason"] == reason
    assert content["detail"].startswith(words)
    assert traces.none()
    assert (await api.generate(project)).status_code == 202


async def test_damaged_uploads_are_accepted_or_refused_with_a_reason(
    api: Api, project: str, tmp_path: Path
) -> None:
    whole, path = make_whole(tmp_path), tmp_path / "damaged"
    answers: set[int] = set()
    for format_ in whole:
        Mutation(format=format_, seed=5).write(whole[format_], path)
        answer = await api.generate(project, path.read_bytes(), file_name=f"v.{format_}")
        answers.add(answer.status_code)
        if answer.status_code != 202:
            assert problem(answer, 422, "unusable-video")["detail"]
        else:
            await api.cancel(project)
    assert 422 in answers


async def test_costly_uploads_of_one_user_do_not_hold_up_another(
    api: Api, stranger: Api, project: str, tmp_path: Path
) -> None:
    """Sixteen files whose index claims 2^32-1 pictures. If they were probed first, another user would wait for all."""
    path = tmp_path / "claims.mp4"
    hostile.overstated_index(path, 2**32 - 1)
    claims, of_stranger = path.read_bytes(), await stranger.new_project()
    uploads = [asyncio.create_task(api.generate(project, claims)) for _ in range(16)]
    (first,), _ = await asyncio.wait(uploads, return_when=asyncio.FIRST_COMPLETED)
    problem(first.result(), 422, "unusable-video")
    assert (await stranger.generate(of_stranger)).status_code == 202
    unfinished = [upload for upload in uploads if not upload.done()]
    assert len(unfinished) >= 4
    for upload in unfinished:
        upload.cancel()
    await asyncio.gather(*unfinished, return_exceptions=True)
