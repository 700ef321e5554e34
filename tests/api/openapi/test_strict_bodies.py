"""A body's model and its schema agree: each accepts exactly what the other accepts."""

import json
import re
from collections.abc import Iterator
from typing import Any, cast
from uuid import uuid4

import pytest
from pydantic import BaseModel, ValidationError

from api.models import (
    ClipUpdate,
    GenerateFromSegments,
    GenerateFromSource,
    ProjectCreate,
    ProjectUpdate,
)
from api.routes.render import RenderRequest
from shared import names
from shared.job_params.json_types import parse_number
from tests.api.openapi.reading import faults

SRT = "1\n00:00:01,000 --> 00:00:02,000\nHello\n"

BODIES: dict[type[BaseModel], dict[str, Any]] = {
    ProjectCreate: {"name": "Summer", "id": "a-1", "owner_id": str(uuid4())},
    ClipUpdate: {"variant_name": "Sunset", "is_selected": True},
    GenerateFromSource: {
        "source_id": str(uuid4()),
        "variant_count": 3,
        "target_duration": 30,
        "seed": 7,
    },
    GenerateFromSegments: {
        "segments": [{"source_id": str(uuid4()), "start": 0, "end": 2.5}],
        "selection_mode": "random",
        "target_duration": 2,
        "variant_count": 2,
        "seed": 7,
        "mute": False,
    },
    RenderRequest: {
        "preset": "tiktok",
        "fit": "pad",
        "subtitles": {
            "srt": SRT,
            "style": {"size": 68, "colour": "#ffffff", "outline": 4, "position": "top"},
        },
        "denoise": 0.5,
        "brightness": -0.5,
        "contrast": 1,
        "saturation": 2.0,
    },
}

VALUES: tuple[Any, ...] = (
    *(None, True, False, "", " ", "3", "true", "a\nb", "a\u0000", "\u00a0", "é", "a" * 201),
    *(-1, 0, 0.5, 1, 1.5, 2, 3.0, 11, 24, 161, 600, 601, 2**31 - 1, 2**31, 1e300),
    *([], {}, [3], {"more": 1}),
)


def changed(body: Any) -> Iterator[Any]:
    """The body with each of its members changed, taken out, and joined by another."""
    if isinstance(body, list):
        items = cast("list[Any]", body)
        for index, item in enumerate(items):
            yield from ([*items[:index], other, *items[index + 1 :]] for other in changed(item))
    if not isinstance(body, dict):
        return
    members = cast("dict[str, Any]", body)
    yield {**members, "more": 1}
    for name, value in members.items():
        yield {other: kept for other, kept in members.items() if other != name}
        yield from ({**members, name: other} for other in (*VALUES, *changed(value)))


def accepts(model: type[BaseModel], body: Any) -> bool:
    try:
        # As FastAPI does: JSON is read first, and validated then.
        model.model_validate(json.loads(json.dumps(body)))
    except ValidationError:
        return False
    return True


# No schema can say how a SubRip text is read.
def _has_other_subtitles(body: dict[str, Any]) -> bool:
    subtitles = body.get("subtitles")
    if not isinstance(subtitles, dict):
        return False
    return cast("dict[str, Any]", subtitles).get("srt", SRT) != SRT


@pytest.mark.parametrize("model", BODIES, ids=lambda model: model.__name__)
def test_a_model_accepts_exactly_what_its_schema_allows(
    document: dict[str, Any], model: type[BaseModel]
) -> None:
    schema = {"$ref": f"#/components/schemas/{model.__name__}"}
    bodies = [BODIES[model], *changed(BODIES[model])]
    differing = [
        body
        for body in bodies
        if not _has_other_subtitles(body)
        and accepts(model, body) != (faults(document, schema, body) == [])
    ]
    assert differing == []
    assert accepts(model, BODIES[model])


def test_model_and_schema_agree_on_hidden_characters_at_every_position_of_a_name() -> None:
    hidden = [each for each in map(chr, range(0x3001)) if each.isspace() or not each.isprintable()]
    written = [name for each in hidden for name in (each, f"{each}a", f"a{each}", f"a{each}b")]
    allowed = re.compile(names.pattern())
    differing = [
        name
        for name in written
        if accepts(ProjectUpdate, {"name": name}) != bool(allowed.fullmatch(name))
    ]
    assert differing == []


def test_a_number_beyond_all_bounds_is_refused() -> None:
    for text in ("1e400", "NaN", "Infinity", "1" + "0" * 400):
        body = f'{{"preset": "tiktok", "contrast": {text}}}'
        with pytest.raises(ValidationError):
            RenderRequest.model_validate(json.loads(body))


@pytest.mark.parametrize(
    ("text", "taken"),
    [("3", True), ("3.0", True), ("1e1", True), *((bad, False) for bad in ("", " 3", "+3", "0x3"))],
)
def test_a_number_in_a_form_or_a_query_is_written_as_in_json(text: str, taken: bool) -> None:
    assert isinstance(parse_number(text), int | float) == taken
