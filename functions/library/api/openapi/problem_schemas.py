"""The schemas of problem details: one for each kind of problem, and their common base."""

from collections.abc import Mapping, Sequence
from typing import Any, get_args

from shared.errors import EditAIError
from shared.media.facts import RefusalCode

REFERENCE = "#/components/schemas/{model}"
BLANK_TYPE = "about:blank"
BLANK_NAME = "BlankProblem"
NOT_UPLOADED = "not_uploaded"

_JOB = {
    "anyOf": [{"$ref": REFERENCE.format(model="HoldingJob")}, {"type": "null"}],
    "description": "The job that holds the lease; null when the holder is not a job.",
    "examples": [{"id": "0b8f1f3e-52a4-4b6c-9df8-6f2f1c7c9a34", "kind": "raw_clips"}],
}
_HOLDING_JOB = {
    "description": "The job that holds a project.",
    "type": "object",
    "properties": {"id": {"type": "string", "format": "uuid"}, "kind": {"type": "string"}},
    "required": ["id", "kind"],
}
_ERRORS = {
    "type": "array",
    "minItems": 1,
    "items": {"$ref": REFERENCE.format(model="InvalidPart")},
    "description": "Everything that is wrong with the request, at most 20 entries.",
    "examples": [
        [
            {
                "location": "body.variant_count",
                "message": "Input should be less than or equal to 10",
            }
        ]
    ],
}

EXTENSIONS: Mapping[str, Mapping[str, dict[str, Any]]] = {
    "invalid-request": {"errors": _ERRORS},
    "payload-too-large": {
        "max_bytes": {
            "type": ["integer", "null"],
            "description": "The size limit; null if storage refused the file and does not tell its limit.",
            "examples": [1_000_000, 500_000_000],
        }
    },
    "project-busy": {
        "lease_expires_at": {
            "type": ["string", "null"],
            "format": "date-time",
            "description": "When the project's lease expires, unless it is renewed; a running job renews it. "
            "A queued job holds the project until its deadline at the latest.",
            "examples": ["2026-11-23T10:15:30.250000Z"],
        },
        "job": _JOB,
    },
    "limit-reached": {
        "limit": {
            "type": "string",
            "enum": [
                "starts_per_minute",
                "probes_per_minute",
                "waiting_probes",
                "projects",
                "pending_sources",
            ],
            "description": "Which limit, a stable code. Starts are of jobs; probes are uploads and confirmations.",
            "examples": ["starts_per_minute"],
        },
        "maximum": {
            "type": "integer",
            "description": "The maximum, per user.",
            "examples": [30],
        },
    },
    "too-many-jobs": {
        "max_active_jobs": {
            "type": "integer",
            "description": "The maximum number of queued and running jobs per user.",
            "examples": [5],
        }
    },
    "unusable-video": {
        "reason": {
            "type": "string",
            "enum": [*get_args(RefusalCode), NOT_UPLOADED],
            "description": "A stable code, meant for programs.",
            "examples": ["no_video"],
        }
    },
}
"""The members that each kind of problem adds, by slug; each with an example."""

EXAMPLE_DETAILS: Mapping[str, str] = {
    "invalid-request": "body.variant_count: Input should be less than or equal to 10.",
    "limit-reached": "The limit is 30 job starts a minute. Try again later.",
    "too-many-jobs": "You already have 5 active jobs, the maximum. "
    "Wait until one ends, or cancel one.",
    "unsupported-media-type": "Send the body as application/json.",
    "unusable-video": "The file contains no video.",
}
"""Example details for the kinds of problems that have no default detail."""


def problem_kinds() -> list[type[EditAIError]]:
    """Every kind of problem that the library responds with, ordered by status and slug."""
    kinds = [EditAIError, *_descendants(EditAIError)]
    # To a client, a class without its own slug is the same kind as its parent.
    return sorted(
        (kind for kind in kinds if "slug" in vars(kind)), key=lambda k: (k.status, k.slug)
    )


def problem_schema(kinds: Sequence[type[EditAIError]]) -> dict[str, Any]:
    """The schema of a response that is one of these problems; `type` says which."""
    references = {kind.problem_type(): REFERENCE.format(model=_name(kind)) for kind in kinds}
    if len(references) == 1:
        return {"$ref": next(iter(references.values()))}
    return {
        "oneOf": [{"$ref": reference} for reference in references.values()],
        "discriminator": {"propertyName": "type", "mapping": references},
    }


def problem_components(base: dict[str, Any]) -> dict[str, Any]:
    """The component schemas of all problems; `base` is the schema of their common members."""
    kinds = problem_kinds()
    base["properties"]["type"]["enum"] = [*(kind.problem_type() for kind in kinds), BLANK_TYPE]
    blank = _component(
        "A problem with no more meaning than its status (RFC 9457, 4.2.1).",
        {"type": _constant("string", BLANK_TYPE), "status": {"type": "integer"}},
    )
    return {"Problem": base, BLANK_NAME: blank, "HoldingJob": _HOLDING_JOB} | {
        _name(kind): _problem_component(kind) for kind in kinds
    }


def _problem_component(kind: type[EditAIError]) -> dict[str, Any]:
    fixed: dict[str, dict[str, Any]] = {
        "type": _constant("string", kind.problem_type()),
        "status": _constant("integer", kind.status),
    }
    return _component(f"{kind.title}.", {**fixed, **EXTENSIONS.get(kind.slug, {})})


def _component(description: str, properties: dict[str, Any]) -> dict[str, Any]:
    """The schema of one kind, complete in itself: not every generator of clients follows `allOf` to a base."""
    text = {"type": "string"}
    members = {"type": {}, "title": text, "status": {}, "detail": text} | properties
    return {
        "description": description,
        "type": "object",
        "properties": members,
        "required": list(members),
    }


def _constant(kind: str, value: str | int) -> dict[str, Any]:
    return {"type": kind, "const": value}


def _name(kind: type[EditAIError]) -> str:
    return "".join(word.capitalize() for word in kind.slug.split("-")) + "Problem"


def _descendants(kind: type[EditAIError]) -> list[type[EditAIError]]:
    return [each for child in kind.__subclasses__() for each in (child, *_descendants(child))]
