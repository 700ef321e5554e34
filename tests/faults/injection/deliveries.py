"""Unexpected deliveries: of a job twice at once, long after its dispatch, or of a job that does not exist."""

import asyncio
import random
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import uuid4

import httpx

from tests.faults.injection.did_not_happen import DidNotHappen
from tests.faults.stack.stack import FaultStack

MAX_AT_ONCE = 5
UNKNOWN = "job_not_found"


@dataclass(kw_only=True)
class Deliveries:
    """Delivers to any worker. `outcomes` counts the workers' responses, by kind of delivery."""

    stack: FaultStack
    chance: random.Random
    outcomes: Counter[str] = field(default_factory=Counter[str])

    async def twice(self, jobs: Iterable[str]) -> None:
        """Deliver the newest jobs twice at once. Raises DidNotHappen unless one of them got two responses."""
        newest = list(jobs)[-MAX_AT_ONCE:]
        responses = await asyncio.gather(*(self._deliver("twice", job) for job in newest * 2))
        pairs = zip(responses[: len(newest)], responses[len(newest) :], strict=True)
        if not any(_knows(first) and _knows(second) for first, second in pairs):
            raise DidNotHappen("no job was delivered twice")

    async def late(self, jobs: Iterable[str]) -> None:
        """Deliver jobs of any age, and one that does not exist. Raises DidNotHappen unless one of them existed."""
        known = list(jobs)
        old = self.chance.sample(known, min(MAX_AT_ONCE, len(known)))
        responses = await asyncio.gather(*(self._deliver("late", job) for job in old))
        await self._deliver("of no job", str(uuid4()))
        if not any(map(_knows, responses)):
            raise DidNotHappen("no job was delivered late")

    async def _deliver(self, kind: str, job_id: str) -> str | None:
        """The outcome in the worker's response; None without a response."""
        url = self.stack.url(self.chance.choice(self.stack.worker_names))
        headers = {
            "Authorization": f"Bearer {self.stack.keys.internal_secret}",
            "Prefer": "respond-async",
        }
        try:
            async with httpx.AsyncClient(timeout=10) as client:
                response = await client.post(url, json={"job_id": job_id}, headers=headers)
            outcome = str(response.json().get("outcome", response.status_code))
        except (httpx.HTTPError, ValueError):
            outcome = None
        self.outcomes[f"{kind}: {outcome or 'no response'}"] += 1
        return outcome


def _knows(outcome: str | None) -> bool:
    """True if the response is about an existing job; a 503 says nothing about it."""
    return outcome is not None and outcome != UNKNOWN and not outcome.isdecimal()
