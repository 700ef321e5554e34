"""Probes a media file without decoding it. The public API and the worker share this probe.

    magic bytes  ->  MediaInfo in a child process  ->  MediaFacts, or UnusableMedia with its reason

The magic bytes come first because the sender chooses a file's name and type. Playlists and concat
lists are text that makes a parser open other files; the magic bytes exclude them all. MediaInfo runs in a
child process (see shared.media.mediainfo_process) for about 0.1 s; `probe_async` waits for it in a thread.
"""

import asyncio
import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import BinaryIO, cast

from shared.media import containers, mediainfo_process, other_formats
from shared.media.containers import ContainerName
from shared.media.facts import AudioFacts, MediaFacts, UnusableMedia, VideoFacts
from shared.media.tracks import (
    MAX_PIXELS,
    MAX_STREAMS,
    UNREADABLE,
    Track,
    facts_of,
    first_track,
    number_of,
)

__all__ = [
    "MAX_PIXELS",
    "MAX_STREAMS",
    "AudioFacts",
    "MediaFacts",
    "UnusableMedia",
    "VideoFacts",
    "ends_suffice_for_probe",
    "probe",
    "probe_async",
]

MEDIAINFO_TIMEOUT_SECONDS = 30

MAX_PROBES = 2
"""The maximum of probes at once in a process, because each may use MediaInfo's memory limit. They have their own
threads: the shared ones write uploads to disk, and a slow probe must not delay that."""

_probes = ThreadPoolExecutor(MAX_PROBES, thread_name_prefix="probe")

TRUNCATED = "The file is incomplete: part of the video is missing. Upload the whole file again."

_CODES_FROM_ENDS = {
    *("too_long", "too_large", "too_many_streams", "too_many_channels", "unsupported_colours"),
}


def probe(path: Path) -> MediaFacts:
    """The facts of the video file at `path`.

    Takes about 0.1 s for a file of any size, except that a recording without an index is read whole
    (one second per 100 MB). Blocks: call `probe_async` from a coroutine.

    Raises:
        UnusableMedia: this system cannot use the file; its detail says why.
        OSError: there is no such file.

    """
    size = path.stat().st_size
    if size == 0:
        raise UnusableMedia("empty_file", "The file is empty.")
    with path.open("rb") as file:
        container = _container(file)
        tracks = _read(file)
        _refuse_truncated(tracks, container)
        if _lacks_index(tracks):
            tracks = _read(file, mediainfo_process.THOROUGH)
    return facts_of(tracks, container, size)


async def probe_async(path: Path) -> MediaFacts:
    """`probe` in a thread, with the same results and errors. At most MAX_PROBES run at once; others wait."""
    return await asyncio.get_running_loop().run_in_executor(_probes, probe, path)


async def ends_suffice_for_probe(path: Path) -> bool:
    """Whether a file whose unread middle is zeros probes identically to the stored file.

    False if the index may be in the middle, or if there is none, because then MediaInfo counts times and frames from
    end to end. Raises OSError.
    """
    return await asyncio.get_running_loop().run_in_executor(_probes, _ends_suffice_for_probe, path)


def _ends_suffice_for_probe(path: Path) -> bool:
    with path.open("rb") as file:
        try:
            container = _container(file)
        except UnusableMedia:
            return True
        try:
            tracks = _read(file)
            _refuse_truncated(tracks, container)
            facts_of(tracks, container, path.stat().st_size)
        except UnusableMedia as error:
            return error.code in _CODES_FROM_ENDS
    return container != "mpegts" and not _lacks_index(tracks)


def _container(file: BinaryIO) -> ContainerName:
    head = file.read(containers.HEAD_BYTES)
    if container := containers.recognise(head):
        if container == "mp4" and (picture := other_formats.still_picture(head)):
            raise picture
        return container
    raise other_formats.refusal(head)


def _read(file: BinaryIO, *options: str) -> list[Track]:
    file.seek(0)
    command = [sys.executable, "-I", mediainfo_process.__file__, *options]
    try:
        reader = subprocess.run(
            command,
            stdin=file,
            capture_output=True,
            env={},
            cwd="/",
            timeout=MEDIAINFO_TIMEOUT_SECONDS,
            check=True,
        )
        return cast("list[Track]", json.loads(reader.stdout))
    except (subprocess.SubprocessError, ValueError) as error:
        raise UnusableMedia("unreadable", UNREADABLE) from error


def _refuse_truncated(tracks: list[Track], container: ContainerName) -> None:
    general = first_track(tracks, "General") or {}
    # A broadcast stream may end anywhere, and a browser's live WebM never states its size. MediaInfo
    # calls both truncated, but they play to their end.
    may_be_open_ended = container == "mpegts" or (
        container == "matroska" and not number_of(general, "duration")
    )
    if "istruncated" in general and not may_be_open_ended:
        raise UnusableMedia("truncated", TRUNCATED)


def _lacks_index(tracks: list[Track]) -> bool:
    """True for a browser's recording or a broadcast stream, whose headers do not state the duration."""
    video = first_track(tracks, "Video")
    return video is not None and not (
        number_of(video, "duration") and number_of(video, "frame_rate")
    )
