"""What the local stack serves of a Supabase project, in this process."""

from collections.abc import AsyncIterator

import httpx
import pytest

from local.supabase_api.app import create_app
from tests.support.backend import Backend


@pytest.fixture
async def services(
    fresh_state: Backend, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[httpx.AsyncClient]:
    """A client of Auth, Storage and Realtime."""
    monkeypatch.setenv("AUTH_DATABASE_URL", fresh_state.supabase_api.database_url)
    transport = httpx.ASGITransport(app=create_app())
    async with httpx.AsyncClient(transport=transport, base_url="http://project") as client:
        yield client
