"""Probes a media file without decoding it. The public API and the worker share this probe.

                 .-> MediaInfo in a child process: how the picture is to be shown  -.
    magic bytes -|                                                                 |-> MediaFacts, or UnusableMedia
                 '-> libav in a child process: the times of the packets            -'

The magic bytes come first because the sender chooses a file's name and type. Playlists and concat
lists are text that makes a parser open other files; the magic bytes exclude them all. The children (see
shared.media.readers) run side by side; `probe_async` waits for them in a thread.
"""

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import BinaryIO, NamedTuple, cast

from shared.media import containers
from shared.media.containers import CONTAINERS, ContainerName
from shared.media.facts import AudioFacts, MediaFacts, UnusableMedia, VideoFacts
from shared.media.input_file import LimitReached
from shared.media.measured import Measurement
from shared.media.readers.children import NoReport, ParentEnded, reading
from shared.media.refusals import other_formats
from shared.media.tracks import (
    MAX_PIXELS,
    MAX_STREAMS,
    UNREADABLE,
    Track,
    facts_of,
    first_track,
    number_of,
    refuse_excess,
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

MAX_PROBES = 2
"""The maximum of probes at once in a process, because each may use MediaInfo's memory limit. They have their own
threads: the shared ones write uploads to disk, and a slow probe must not delay that."""

_probes = ThreadPoolExecutor(MAX_PROBES, thread_name_prefix="probe")

TRUNCATED = "The file is incomplete: part of the video is missing. Upload the whole file again."

TOO_COMPLEX = (
    "Reading the file takes more time or memory than a video of its size needs."
    " Convert it, for instance with HandBrake."
)
_CODES_FROM_HEADERS = {
    *("unsupported_codec", "encrypted"),
    *("too_large", "too_many_streams", "too_many_channels", "unsupported_colours"),
}


def probe(path: Path) -> MediaFacts:
    """The facts of the video file at `path`.

    Takes about 0.03 s for a file with an index, however large; others are read whole (0.2 s per 100 MB). The first
    probe of a process takes 0.1 s more, in which libraries are loaded.
    Blocks: call `probe_async` from a coroutine.

    Raises:
        UnusableMedia: this system cannot use the file; its detail says why.
        OSError: there is no such file, or the machine is too busy to read it in time.

    """
    size = path.stat().st_size
    if size == 0:
        raise UnusableMedia("empty_file", "The file is empty.")
    with path.open("rb") as file:
        container = _container(file)
        report = _read(file, container, range(0))
    return _facts(report, container, size)


async def probe_async(path: Path) -> MediaFacts:
    """`probe` in a thread, with the same results and errors. At most MAX_PROBES run at once; others wait."""
    return await asyncio.get_running_loop().run_in_executor(_probes, probe, path)


async def ends_suffice_for_probe(path: Path, unread: range) -> bool:
    """Whether a file whose `unread` bytes in the middle are zeros probes identically to the stored file.

    False if its index may be in the middle, or if there is none, because then the pictures are measured from end to
    end. Raises OSError.
    """
    return await asyncio.get_running_loop().run_in_executor(
        _probes, _ends_suffice_for_probe, path, unread
    )


def _ends_suffice_for_probe(path: Path, unread: range) -> bool:
    with path.open("rb") as file:
        try:
            container = _container(file)
        except UnusableMedia:
            return True
        try:
            report = _read(file, container, unread)
        except UnusableMedia as error:
            return error.code in _CODES_FROM_HEADERS
    try:
        _facts(report, container, path.stat().st_size)
    except UnusableMedia as error:
        return not report.measurement.unread or error.code in _CODES_FROM_HEADERS
    return not report.measurement.unread


class _Report(NamedTuple):
    """What the child processes say of a file."""

    tracks: list[Track]
    measurement: Measurement


def _facts(report: _Report, container: ContainerName, size: int) -> MediaFacts:
    refuse_excess(report.tracks)
    _refuse_truncated(report, container)
    return facts_of(report.tracks, report.measurement, container, size)


def _container(file: BinaryIO) -> ContainerName:
    head = file.read(containers.HEAD_BYTES)
    if container := containers.recognise(head):
        if container == "mp4" and (picture := other_formats.still_picture(head)):
            raise picture
        return container
    raise other_formats.refusal(head)


def _read(file: BinaryIO, container: ContainerName, unread: range) -> _Report:
    """Run the child processes. Raises UnusableMedia if one of them cannot read the file."""
    try:
        return _read_once(file, container, unread)
    except ParentEnded:  # somebody killed it
        return _read_once(file, container, unread)


def _read_once(file: BinaryIO, container: ContainerName, unread: range) -> _Report:
    file.seek(0)
    measuring = (CONTAINERS[container].demuxer, 2 * MAX_STREAMS, unread.start, unread.stop)
    with reading(file, "libav", *measuring) as libav, reading(file, "mediainfo") as mediainfo:
        tracks = list[Track]()
        try:
            tracks = cast("list[Track]", json.loads(mediainfo.report()))
            measurement = Measurement.model_validate_json(libav.report())
        except LimitReached as error:
            refuse_excess(tracks)
            raise UnusableMedia("too_complex", TOO_COMPLEX) from error
        except (NoReport, ValueError) as error:
            raise UnusableMedia("unreadable", UNREADABLE) from error
    return _Report(tracks, measurement)


def _refuse_truncated(report: _Report, container: ContainerName) -> None:
    """Refuse a file that is shorter than it says itself: by its header, or by the places of its pictures.

    A recording or a broadcast says nothing of the kind; it is used up to its end.
    """
    general = first_track(report.tracks, "General") or {}
    # A broadcast stream and a part of a disc may end anywhere, and a browser's live WebM never states its size.
    # A recorder that crashed leaves an MP4 that ends within a fragment. MediaInfo calls all of them truncated, but they
    # play to their end. Chromium may state a duration of 1 ms in WebM.
    stated_seconds = (number_of(general, "duration") or 0.0) / 1000
    picture = report.measurement.picture
    measured_seconds = (picture and picture.end_seconds) or 0.0
    may_be_open_ended = (
        container in ("mpegts", "mpegps")
        or (container == "matroska" and measured_seconds >= stated_seconds)
        or report.measurement.open_ended
    )
    if not report.measurement.complete or ("istruncated" in general and not may_be_open_ended):
        raise UnusableMedia("truncated", TRUNCATED)
