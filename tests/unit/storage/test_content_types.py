"""One table of types serves what is announced, what a probe finds and what storage accepts."""

import pytest

from shared.errors import UnsupportedMediaType
from shared.media.containers import CONTAINERS
from shared.storage.paths import CONTENT_TYPES, UNKNOWN_CONTENT_TYPE, content_type, video_extension
from shared.storage.refusals import check_type

NAMES = (
    *("film.mp4", "film.mov", "film.webm", "film.mkv", "film.avi", "film.ts", "film.m2ts"),
    *("film.3gp", "film.3g2", "film.mpg", "film.MPEG", "film.vob", "film.wmv", "film.asf"),
    *("film.flv", "film.ogv", "film.m4v", "film.rm", "film.mxf", "film.html", "film", ".mp4", ""),
)


@pytest.mark.parametrize("name", NAMES)
def test_storage_accepts_the_announced_type_of_every_name(name: str) -> None:
    check_type(content_type(f"reel/sources/0b9f{video_extension(name)}"))


def test_storage_accepts_the_type_of_every_container_and_every_stored_file() -> None:
    for announced in (UNKNOWN_CONTENT_TYPE, *CONTENT_TYPES):
        check_type(announced)
    assert {each.content_type for each in CONTAINERS.values()} <= CONTENT_TYPES


@pytest.mark.parametrize(
    ("name", "announced"),
    [
        ("film.3gp", "video/3gpp"),
        ("film.MPG", "video/mpeg"),
        ("film.wmv", "video/x-ms-wmv"),
        ("film.flv", "video/x-flv"),
        ("film.ogv", "video/ogg"),
        ("film.m2ts", "video/mp2t"),
        ("film", "application/octet-stream"),
    ],
)
def test_the_announced_type_follows_the_name(name: str, announced: str) -> None:
    assert content_type(f"reel/sources/0b9f{video_extension(name)}") == announced


@pytest.mark.parametrize(
    "type_",
    [
        *("text/html", "image/svg+xml", "application/javascript", "text/vnd.trolltech.linguist"),
        *("video", "video/", "/", "", "*/*", "image/*", "videos/mp4", "\x00"),
    ],
)
def test_other_types_are_refused(type_: str) -> None:
    with pytest.raises(UnsupportedMediaType):
        check_type(type_)


@pytest.mark.parametrize(
    "type_", ["video/mp4", "VIDEO/MP4", "video/x-new; codecs=avc1", "image/jpeg"]
)
def test_any_video_type_is_accepted_with_its_parameters(type_: str) -> None:
    check_type(type_)
