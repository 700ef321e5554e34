"""A second gateway in front of the same PostgREST, in hosted mode."""

import os
from collections.abc import AsyncIterator

import pytest

from local.parts.gateway import Gateway
from shared.database.client import close_supabase
from tests.support.backend import Backend
from tests.support.hosted_gateway import hosted_gateway
from tests.support.settings import forget_settings

RATE = float(os.environ.get("HOSTED_RATE", "0.1"))
"""The share of calls that fail: ten times that of hosted Supabase, so that a short test meets every kind."""


@pytest.fixture
async def hosted(fresh_state: Backend, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Gateway]:
    """The gateway in hosted mode; this test process calls the database through it."""
    with hosted_gateway(fresh_state, rate=RATE) as gateway:
        try:
            monkeypatch.setenv("SUPABASE_URL", gateway.url)
            forget_settings()
            await close_supabase()
            yield gateway
        finally:
            monkeypatch.undo()
            forget_settings()
            await close_supabase()
