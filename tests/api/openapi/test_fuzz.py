"""Schemathesis finds nothing: a short run of what tests.api.openapi.fuzz does for hours."""

import pytest

from tests.api.openapi.fuzz import Effort, prepare, run
from tests.support.functions import FunctionProcess
from tests.support.library_client import Api
from tests.support.users import User

SHORT = Effort(examples=4, seed=20_261_123)


@pytest.fixture
async def existing(api: Api) -> dict[str, str]:
    """The ids of a project, a source and a clip of the user's."""
    return await prepare(api)


async def test_schemathesis_finds_nothing(
    library: FunctionProcess, user: User, existing: dict[str, str]
) -> None:
    result = run(library.url, user.token, existing, SHORT)
    assert result.found_nothing, result.report
    assert result.cases > 300, result.report
    # A pattern that Schemathesis cannot read is left out, and then its data is only sometimes valid.
    assert "Unsupported regex patterns" not in result.report, result.report
