"""A client of the running functions."""

from collections.abc import AsyncIterator

import pytest

from editai_client import LibraryClient
from editai_client.models import Project
from tests.support.functions import FunctionProcess
from tests.support.supabase_api import SupabaseApiProcess
from tests.support.users import User


@pytest.fixture
async def client(
    library: FunctionProcess,
    worker: FunctionProcess,
    supabase_api: SupabaseApiProcess,
    user: User,
) -> AsyncIterator[LibraryClient]:
    async with LibraryClient(library.url, user.token) as client:
        yield client


@pytest.fixture
async def project(client: LibraryClient) -> Project:
    return await client.create_project("Reel")
