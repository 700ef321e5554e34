"""Fencing for every write of a job: the parameters it presents, and the error that a refused write raises."""

from typing import Any, Literal

from pydantic import TypeAdapter

from shared.errors import LeaseLost
from shared.jobs.records import Lease, Record

WriteOutcome = Literal[
    "held", "recorded", "returned", "finished", "cleared", "abandoned", "lost", "cancelled"
]
"""How a write that presents a lease ended. After `lost` and `cancelled` nothing was written."""

WRITE_OUTCOME: TypeAdapter[WriteOutcome] = TypeAdapter(WriteOutcome)
"""The form of a result that is only an outcome."""


class Fenced(Record):
    """The result of a write that presents a lease."""

    outcome: WriteOutcome


def fencing_params(lease: Lease) -> dict[str, Any]:
    """The parameters by which every write of a job proves that it still holds the project's lease."""
    return {
        "project_id": lease.project_id,
        "job_id": lease.job_id and str(lease.job_id),
        "lease_id": str(lease.lease_id),
        "fencing_token": lease.fencing_token,
    }


def raise_if_lost(lease: Lease, outcome: WriteOutcome) -> None:
    """Turn a refused write into the exception that stops the work."""
    if outcome in ("lost", "cancelled"):
        raise LeaseLost(lease.project_id, cancelled=outcome == "cancelled")
