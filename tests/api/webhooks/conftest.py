"""A receiver, and a project's job."""

from collections.abc import AsyncIterator

import pytest

from tests.api.events.conftest import Work
from tests.api.webhooks.receiver import Receiver, receiving


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """A receiver on this machine."""
    async with receiving() as receiver:
        yield receiver


@pytest.fixture
def work(project: str) -> Work:
    """The jobs of the user's project."""
    return Work(project=project)
