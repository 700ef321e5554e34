"""Refuses a picture that cannot be decoded, and names its codec; or says that it is encrypted.

MediaInfo names far more codecs than can be decoded, so the names are its own. The identifier in the file is added,
because people search for it: "Windows Media (MSS2)".
"""

import re
from collections.abc import Mapping
from typing import Any

from shared.media.decoders import DECODERS
from shared.media.facts import UnusableMedia

_CONVERT = "Convert it to H.264 in MP4, for instance with HandBrake."

_ENCRYPTED_IDS = ("encv", "drmi")
"""The sample entries of encrypted pictures: of the common scheme (ISO/IEC 23001-7), and of Apple's shop."""

_NAMES = {"aprn": "ProRes RAW", "aprh": "ProRes RAW HQ", "MSS1": "Windows Media Screen"}
"""Better names for identifiers that MediaInfo does not tell apart."""

_TELLING = 3
"""The characters of a telling identifier; FLV's is a digit."""

_PRESENTABLE = re.compile(r"[\w][\w .,:+/()-]{0,39}", re.ASCII)
"""The sender of a file chooses these texts."""


def refuse_undecodable(
    general: Mapping[str, Any], video: Mapping[str, Any], decoder: str | None
) -> None:
    """Raise UnusableMedia unless `decoder`, which libav found for the picture, is one of ours and can see it.

    `general` and `video` are MediaInfo's tracks.
    """
    identifier = _presentable(video.get("codec_id"))
    if (
        general.get("encryption")
        or video.get("encryption")
        or identifier.startswith(_ENCRYPTED_IDS)
    ):
        raise UnusableMedia(
            "encrypted",
            "The video is encrypted against copying, so it cannot be read. Upload a copy that is not encrypted.",
        )
    if decoder not in DECODERS:
        name = _name(_presentable(video.get("format")), identifier)
        codec = f"The video's codec, {name}," if name else "The video's codec"
        raise UnusableMedia("unsupported_codec", f"{codec} is not supported. {_CONVERT}")


def _name(title: str, identifier: str) -> str:
    title = _NAMES.get(identifier, title)
    is_telling = len(identifier) >= _TELLING and identifier != title
    return f"{title} ({identifier})" if title and is_telling else title or identifier


def _presentable(text: object) -> str:
    """A text of the file, or nothing if it is not plain."""
    plain = str(text or "").strip()
    return plain if _PRESENTABLE.fullmatch(plain) else ""
