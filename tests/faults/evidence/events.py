"""Recorded responses: which project they concern, and what they report."""

from collections.abc import Mapping
from typing import Any

Event = Mapping[str, Any]


def project_of(event: Event) -> str:
    """The project or other key that a response is about; empty if it does not say."""
    if event.get("http"):
        return event["project_id"]
    if event["call"] == "claim_job" and event["response"]:
        job = event["response"]["job"]
        return (job and job["project_id"]) or ""
    return event["params"].get("p_project_id", "")


def outcome(event: Event) -> str | None:
    """The outcome in a write's response; finish_job responds with nothing else."""
    response = event["response"]
    return response["outcome"] if response and event["call"] != "finish_job" else response


def percentage(event: Event) -> int:
    """The percentage that a read returned, over HTTP or over SQL."""
    response = event["response"]
    return (response if event.get("http") else response[0])["percentage"]
