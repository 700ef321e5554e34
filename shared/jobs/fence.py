"""The fence around every write of a job: what it presents, and what it means to be refused."""

from typing import Any

from shared.errors import LeaseLost
from shared.jobs.records import Lease


def fencing_params(lease: Lease) -> dict[str, Any]:
    """The parameters with which every write of a job proves that it still holds the project."""
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
