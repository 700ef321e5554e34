"""A second gateway in front of the same PostgREST, in hosted mode."""

import os
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from local.parts.gateway import Gateway
from local.processes.process import Process
from local.programs import base_environment
from local.stack.ports import claim_free_port
from shared.database.client import close_supabase
from tests.support.backend import Backend
from tests.support.settings import forget_settings

RATE = float(os.environ.get("HOSTED_RATE", "0.1"))
"""The share of calls that fail: ten times that of hosted Supabase, so that a short test meets every kind."""


@pytest.fixture
async def hosted(fresh_state: Backend, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Gateway]:
    """The gateway in hosted mode; this test process calls the database through it."""
    claim = claim_free_port()
    gateway = replace(
        fresh_state.gateway,
        port=claim.number,
        home=fresh_state.directory / "hosted-gateway",
        refusal_rate=RATE,
    )
    environment = base_environment(fresh_state.directory)
    process = Process(gateway.part(fresh_state.directory / "hosted-gateway.log", environment))
    try:
        process.wait_ready()
        monkeypatch.setenv("SUPABASE_URL", gateway.url)
        forget_settings()
        await close_supabase()
        yield gateway
    finally:
        monkeypatch.undo()
        forget_settings()
        await close_supabase()
        process.stop()
        claim.release()
