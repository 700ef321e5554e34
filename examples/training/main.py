"""training: a long job of its own kind, on the leases, progress, cancel and recovery of this project."""

import asyncio
from typing import Any

import functions_framework.aio
from model import one_epoch
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

from shared.running.job_function import JobFunction
from shared.running.running_job import RunningJob

jobs = JobFunction("training")


class Training(BaseModel):
    """What a caller chooses."""

    epochs: int = Field(ge=1, le=10_000)
    rate: float = Field(default=0.05, gt=0, le=1)


@jobs.kind("train_model", Training)
async def train(job: RunningJob, params: Training) -> dict[str, Any]:
    """Train epoch by epoch; each epoch is a checkpoint, after which another attempt continues."""
    state: dict[str, Any] = job.checkpoint or {"epoch": 0, "weights": [0.0, 0.0]}
    for epoch in range(state["epoch"] + 1, params.epochs + 1):
        weights, loss = await asyncio.to_thread(one_epoch, state["weights"], params.rate)
        state = {"epoch": epoch, "weights": weights, "loss": loss}
        job.report(epoch / params.epochs, f"Epoch {epoch} of {params.epochs}")
        await job.save(state)
    return state


@functions_framework.aio.http
async def training(_request: Request) -> Response:
    """Start a training, or run the one that a delivery names."""
    return jobs.app
