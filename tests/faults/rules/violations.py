"""A broken rule, and the shortest history that shows how it was broken."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.faults.evidence.entries import Entry

_SHOWN: Mapping[str, tuple[str, ...]] = {
    "editai_locks": ("lease_id", "fencing_token", "holder", "job_id", "acquired_at", "expires_at"),
    "editai_jobs": ("id", "kind", "status", "attempt", "max_attempts", "fencing_token"),
    "editai_generation_progress": ("percentage", "current_step", "fencing_token"),
    "editai_clips": ("id", "job_id", "variant_number", "storage_path"),
    "editai_exports": ("job_id", "clip_id", "storage_path"),
}


@dataclass(frozen=True, kw_only=True)
class Violation:
    """`history` reads from top to bottom; its last line broke the rule."""

    rule: str
    project_id: str
    facts: Mapping[str, Any]
    history: tuple[str, ...]

    @classmethod
    def shortest(
        cls, rule: str, entry: Entry, trail: list[Entry], facts: Mapping[str, Any]
    ) -> "Violation":
        """A violation by a change: its history holds the grants since the last but one, and the last renewals."""
        history = tuple(_line(e) for e in _essence(trail))
        return cls(rule=rule, project_id=entry.project_id, facts=facts, history=history)

    @classmethod
    def of_responses(
        cls,
        rule: str,
        project_id: str,
        responses: Iterable[Mapping[str, Any]],
        trail: Iterable[Entry],
    ) -> "Violation":
        """A violation by a response that the audit trail does not confirm, or that contradicts an earlier one.

        Its history begins with the project's last changes, which may be later than the response.
        """
        lines = tuple(json.dumps(_told(response), default=str)[:1500] for response in responses)
        history = tuple(_line(entry) for entry in list(trail)[-12:])
        return cls(rule=rule, project_id=project_id, facts={}, history=history + lines)

    def __str__(self) -> str:
        """The rule, then its history."""
        facts = " ".join(f"{name}={value}" for name, value in self.facts.items())
        head = f"VIOLATION: {self.rule} (project {self.project_id}) {facts}".rstrip()
        return "\n".join([head, *(f"    {line}" for line in self.history)])


def _told(response: Mapping[str, Any]) -> dict[str, Any]:
    """A recorded response, its parameters last."""
    last = ("params",)
    return {name: response[name] for name in sorted(response, key=lambda name: name in last)}


def _essence(trail: Iterable[Entry]) -> list[Entry]:
    """The entries since the last grant but one; only the last of each run of similar changes."""
    entries = list(trail)
    grants = [i for i, e in enumerate(entries) if _is_grant(e)]
    start = grants[-2] if len(grants) > 1 else 0
    kept: list[Entry] = []
    for entry in entries[start:]:
        if kept and _kind(kept[-1]) == _kind(entry) and not _is_grant(entry):
            kept.pop()
        elif len(kept) > 1 and _kind(kept[-2]) == _kind(entry) and not _is_grant(entry):
            kept.pop(-2)
        kept.append(entry)
    return kept[-12:]


def _is_grant(entry: Entry) -> bool:
    if entry.relation != "editai_locks" or entry.new is None or not entry.new["fencing_token"]:
        return False
    return entry.old is None or entry.old["fencing_token"] != entry.new["fencing_token"]


def _kind(entry: Entry) -> tuple[str, str, Any]:
    return entry.relation, entry.operation, entry.row.get("fencing_token")


def _line(entry: Entry) -> str:
    shown = {name: entry.row.get(name) for name in _SHOWN[entry.relation]}
    values = " ".join(f"{name}={value}" for name, value in shown.items() if value is not None)
    table = entry.relation.removeprefix("editai_")
    change = f"{entry.function or '?'}: {entry.operation.lower()} {table}"
    return f"{entry.at:.3f} tx {entry.txid} {change}: {values}"
