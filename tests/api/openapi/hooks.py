"""What Schemathesis cannot know: what exists, and rules that no schema can say.

Only valid data is replaced, so that requests get past "there is no such project". Only failures that a named
rule explains are dropped; everything else is reported.
"""

import copy
import json
import os
import re
from typing import Any, cast

import schemathesis
from schemathesis import Case, GenerationMode, HookContext, Response
from schemathesis.core import NOT_SET
from schemathesis.core.failures import Failure
from schemathesis.openapi.checks import RejectedPositiveData

EXISTING: dict[str, str] = json.loads(os.environ.get("FUZZ_EXISTING", "{}"))
"""What exists, by the parameter that names it; a file's URL by its parts."""

SRT = "1\n00:00:00,500 --> 00:00:01,500\nHello, <i>world</i>!\n"
VTT = "WEBVTT\n\n00:00.500 --> 00:01.500 line:0\nHello, <i>world</i>!\n"
PRESETS = ("instagram_reels", "tiktok", "youtube")
SEGMENT_SECONDS = 0.25

BEYOND_SCHEMAS = (
    # A cursor is opaque, and comes from a page.
    r"query\.cursor: Not a cursor of this list; send next_cursor unchanged",
    # Of a user's own, and of the service's.
    r"body\.preset: Unknown export preset; GET /export-presets lists all presets",
    r"body\.subtitles\.(srt|vtt): Line \d+ of the subtitles: .*",
    # Segments are checked against their sources, and against each other.
    r"body\.segments\.\d+: Segment \d+ (refers to|is outside|ends before|is shorter|overlaps) ?.*",
    r"body\.segments: .*",
    # A sound track is checked against those of its source.
    r"body\.(audio_track|segments\.\d+): (Segment \d+: )?The video has no sound track \d+\. .*",
)
RULES = re.compile("|".join(f"(?:{rule})" for rule in BEYOND_SCHEMAS), re.DOTALL)
RANGE_STATUSES = (416,)
"""For a range that begins after the file ends."""

BEYOND_TYPES = (
    "urn:editai:problem:unusable-video",
    "urn:editai:problem:idempotency-key-reused",
    "urn:editai:problem:source-not-ready",
)
"""What depends on a file or on earlier requests: a source that was announced and not confirmed, for instance."""


@schemathesis.hook  # pyright: ignore[reportUnknownMemberType]
def before_call(_context: HookContext, case: Case[Any], _kwargs: dict[str, Any]) -> None:
    """Name what exists in place of valid data, half of the time; and never delete it."""
    case.path_parameters = dict(case.path_parameters or {})
    if case.operation.method.upper() == "DELETE":
        _spare_existing(case.path_parameters)
        return
    if _is_valid(case, "path") and _is_chosen(case):
        _put(case.path_parameters)
        if case.operation.method.upper() == "GET" and _is_valid(case, "query"):
            case.query = dict(case.query or {})
            _put(case.query)
    if _is_valid(case, "body") and isinstance(case.body, dict) and _is_chosen(case):
        case.body = copy.deepcopy(cast("dict[str, Any]", case.body))
        _make_meaningful(case.body)


def _put(parameters: dict[str, Any]) -> None:
    parameters.update({name: EXISTING[name] for name in parameters.keys() & EXISTING.keys()})


def _spare_existing(parameters: dict[str, Any]) -> None:
    known = set(EXISTING.values())
    spared = {name: value[::-1] for name, value in parameters.items() if str(value) in known}
    parameters.update(spared)


def _make_meaningful(body: dict[str, Any]) -> None:
    """What a job could do: segments of a source that do not overlap, subtitles, a preset."""
    if "source_id" in body:
        _put(body)
    for index, segment in enumerate(body.get("segments") or ()):
        start = index * SEGMENT_SECONDS
        segment |= {"start": start, "end": start + SEGMENT_SECONDS}
        _put(segment)
    if isinstance(subtitles := body.get("subtitles"), dict):
        for name in {"srt", "vtt"} & subtitles.keys():
            subtitles[name] = VTT if name == "vtt" else SRT
    if "preset" in body:
        body["preset"] = PRESETS[len(body["preset"]) % len(PRESETS)]


@schemathesis.hook  # pyright: ignore[reportUnknownMemberType]
def filter_failure(
    _context: HookContext, failure: Failure, _case: Case[Any], response: Response
) -> bool:
    """Drop a refusal of valid data only where a rule beyond its schema refused it."""
    return not isinstance(failure, RejectedPositiveData) or not _is_explained(response)


def _is_explained(response: Response) -> bool:
    if response.status_code in RANGE_STATUSES and "Range" in response.request.headers:
        return True
    problem = response.json()
    if problem.get("type") in BEYOND_TYPES:
        return True
    errors = problem.get("errors", [])
    found = [f"{error['location']}: {error['message']}" for error in errors]
    return bool(found) and all(RULES.fullmatch(error) for error in found)


def _is_valid(case: Case[Any], location: str) -> bool:
    if case.meta is None:
        return False
    return all(
        info.mode == GenerationMode.POSITIVE
        for place, info in case.meta.components.items()
        if place.value == location
    )


def _is_chosen(case: Case[Any]) -> bool:
    """Half of the cases, and the same ones for the same seed."""
    sent = None if case.body is NOT_SET else case.body
    return len(repr((case.path_parameters, sent))) % 2 == 0
