"""Requests that functions-framework would answer itself reach the application: problem details, and a log line."""

import pytest

from local.parts.functions import LIBRARY_BASE_PATH
from tests.support.connections import RawResponse, connect, head
from tests.support.functions import FunctionProcess
from tests.support.users import User
from tests.support.waiting import eventually

PROJECTS = f"{LIBRARY_BASE_PATH}/projects"


async def ask(library: FunctionProcess, method: str, target: str, user: User) -> RawResponse:
    async with connect(library.url) as connection:
        await connection.send(head(method, target, {**user.headers, "Connection": "close"}))
        return await connection.response()


def is_problem(answer: RawResponse, status: int, slug: str) -> bool:
    return (
        answer.status == status
        and answer.headers["content-type"] == "application/problem+json"
        and answer.headers["cache-control"] == "no-store"
        and answer.headers["x-content-type-options"] == "nosniff"
        and answer.problem["type"] == f"urn:editai:problem:{slug}"
    )


@pytest.mark.parametrize("method", ["TRACE", "PROPFIND", "LINK", "PURGE", "M-SEARCH"])
@pytest.mark.parametrize("target", [PROJECTS, f"{LIBRARY_BASE_PATH}/files/reel?signature=none"])
async def test_an_unknown_method_is_405(
    library: FunctionProcess, user: User, method: str, target: str
) -> None:
    assert is_problem(await ask(library, method, target, user), 405, "method-not-allowed")


@pytest.mark.parametrize("target", ["/robots.txt", "/favicon.ico", "/%0areel"])
async def test_an_unknown_path_is_404(library: FunctionProcess, user: User, target: str) -> None:
    assert is_problem(await ask(library, "GET", target, user), 404, "not-found")


async def test_options_of_the_whole_server_is_404(library: FunctionProcess, user: User) -> None:
    assert is_problem(await ask(library, "OPTIONS", "*", user), 404, "not-found")


async def test_requests_that_functions_framework_would_answer_are_logged(
    library: FunctionProcess, user: User
) -> None:
    log = library.watch_log()
    await ask(library, "PURGE", PROJECTS, user)
    (line,) = await eventually(lambda: [each for each in log.lines() if "405" in each["message"]])
    assert line["httpRequest"]["status"] == 405


@pytest.mark.parametrize("function", ["worker", "lease_cleanup"])
async def test_worker_and_lease_cleanup_refuse_such_requests_with_problem_details(
    request: pytest.FixtureRequest, user: User, function: str
) -> None:
    private: FunctionProcess = request.getfixturevalue(function)
    answer = await ask(private, "TRACE", "/robots.txt", user)
    assert answer.status == 403
    assert answer.headers["content-type"] == "application/problem+json"
