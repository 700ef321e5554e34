"""Answers as they were written down: what they are about and what they tell."""

from collections.abc import Mapping
from typing import Any

Event = Mapping[str, Any]


def project_of(event: Event) -> str:
    """The project, or other key, that an answer is about; empty where it does not say."""
    if event.get("http"):
        return event["project_id"]
    if event["call"] == "claim_job" and event["answer"]:
        return event["answer"]["job"]["project_id"] or ""
    return event["params"].get("p_project_id", "")


def outcome(event: Event) -> str | None:
    """What a write was answered with; finish_job tells nothing else."""
    answer = event["answer"]
    return answer["outcome"] if answer and event["call"] != "finish_job" else answer


def percentage(event: Event) -> int:
    """Of a read over HTTP, or of one over SQL."""
    answer = event["answer"]
    return (answer if event.get("http") else answer[0])["percentage"]
