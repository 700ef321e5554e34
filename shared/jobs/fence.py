"""Fencing for every write of a job: the parameters it presents, and the error that a refused write raises."""

from typing import Any

from shared.errors import LeaseLost
from shared.jobs.records import Lease


def fencing_params(lease: Lease) -> dict[str, Any]:
    """The parameters by which every write of a job proves that it still holds the project's lease."""
    return {
        "project_id": lease.project_id,
        "job_id": lease.job_id and str(lease.job_id),
        "lease_id": str(lease.lease_id),
        "fencing_token": lease.fencing_token,
    }


def raise_if_lost(lease: Lease, outcome: str) -> None:
    """Turn a refused write into the exception that stops the work."""
    if outcome in ("lost", "cancelled"):
        raise LeaseLost(lease.project_id, cancelled=outcome == "cancelled")
