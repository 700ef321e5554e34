"""The one Supabase client of a process, and the one way to call a SQL function."""

import asyncio
import logging
from collections.abc import Awaitable, Collection, Generator
from contextlib import contextmanager
from typing import Any, TypeVar, cast

import httpx
from opentelemetry.trace import SpanKind
from postgrest.exceptions import APIError

from shared.database.transport import LeanClient, rpc
from shared.errors import DatabaseUnavailable, EditAIError
from shared.observability.telemetry import span
from shared.settings import get_settings
from supabase import AsyncClient, AsyncClientOptions

logger = logging.getLogger(__name__)

Answer = TypeVar("Answer")

CALL_TIMEOUT_SECONDS = 2.5
"""A request that cannot reach the database answers 503 within three seconds."""

CLEANUP_TIMEOUT_SECONDS = 30.0
"""As long as the SQL functions of cleanup may take: what they do when nobody waits is handed over to nobody."""

CONNECTIONS = 64

# https://www.postgresql.org/docs/current/errcodes-appendix.html and https://docs.postgrest.org/en/v12/references/errors.html
_TRANSIENT_CLASSES = ("08", "53", "57", "58", "PGRST0")
# XX000 is "cache lookup failed for function": a migration dropped and created the function while this call was running.
# Postgres has rolled the call back, and the next call runs the new function.
_TRANSIENT_STATES = ("40P01", "55P03", "25006", "XX000")

# An HTTP status comes as a code where the answer is not PostgREST's: somebody in between found nobody there, or gave up
# on who was. Whether the call has happened is not known, as with a success whose content does not arrive.
_STATUS_LENGTH = 3
_REFUSING_STATUSES = range(300, 500)
_TRANSIENT_STATUSES = (408, 425, 429)

_client: AsyncClient | None = None
_client_loop: asyncio.AbstractEventLoop | None = None


async def get_supabase() -> AsyncClient:
    """The Supabase client of this process, made on first use; its connections belong to the running event loop."""
    global _client, _client_loop
    loop = asyncio.get_running_loop()
    if _client is None or _client_loop is not loop:
        _client, _client_loop = _create_client(), loop
    return _client


async def close_supabase() -> None:
    """Close the connections of this process's client; the next use makes another one."""
    global _client
    client, _client = _client, None
    if client and client.options.httpx_client:
        await client.options.httpx_client.aclose()


def _create_client() -> AsyncClient:
    """A client that costs little, and without retries of its own.

    Retrying belongs to the caller, who knows whether a second call is safe and how long its own caller waits.
    """
    settings = get_settings()
    return AsyncClient(
        settings.supabase_url,
        settings.supabase_service_role_key.get_secret_value(),
        AsyncClientOptions(
            auto_refresh_token=False,
            persist_session=False,
            postgrest_client_retry=False,
            httpx_client=LeanClient(timeout_seconds=CALL_TIMEOUT_SECONDS, connections=CONNECTIONS),
        ),
    )


async def call(function: str, *, within_seconds: float | None = None, **params: Any) -> Any:
    """Call `editai_<function>` with its `p_` parameters and return what it returns, as JSON.

    The answer must come within CALL_TIMEOUT_SECONDS, or `within_seconds`. Raises DatabaseUnavailable when the database
    cannot be reached or gives up, QueryFailed when the call itself is at fault.
    """
    client = await get_supabase()
    arguments = {f"p_{name}": value for name, value in params.items()}
    with _translated(function):
        return await rpc(client, f"editai_{function}", arguments, within_seconds=within_seconds)


async def call_idempotent(function: str, **params: Any) -> Any:
    """`call`, asked once more when no answer came: for functions that give the same answer to the same arguments.

    Each may take as long as one may: an answer that does not come in time is asked for again, too.
    """
    # Without tenacity or stamina: a policy for them takes as many lines, and adds 6 or 9 ms to each start.
    try:
        return await call(function, **params)
    except DatabaseUnavailable:
        return await call(function, **params)


async def with_deadline(deadline: float, answer: Awaitable[Answer]) -> Answer:
    """An answer of the database; raises DatabaseUnavailable when it has not come by a moment (loop time)."""
    try:
        async with asyncio.timeout_at(deadline):
            return await answer
    except TimeoutError:
        raise DatabaseUnavailable from None


async def read(
    table: str, *, order: str = "", **wanted: str | Collection[str]
) -> list[dict[str, Any]]:
    """Read the rows of `editai_<table>` whose columns are equal to a value, or to one of several, in a column's order.

    For what is no more than a row; writing, and every rule, goes through a SQL function. Ask for few rows: PostgREST
    leaves off what is over its limit, and does not say so. Raises as `call` does.
    """
    query = (await get_supabase()).table(f"editai_{table}").select("*")
    for column, value in wanted.items():
        query = query.eq(column, value) if isinstance(value, str) else query.in_(column, value)
    with _translated(table):
        rows = cast("Any", (await (query.order(order) if order else query).execute()).data)
    if not isinstance(rows, list):  # the client takes a page of somebody in between for a value
        raise DatabaseUnavailable
    return cast("list[dict[str, Any]]", rows)


@contextmanager
def _translated(what: str) -> Generator[None]:
    with span(f"SQL {what}", SpanKind.CLIENT, attributes={"db.system.name": "postgresql"}):
        try:
            yield
        except httpx.HTTPError as error:
            logger.warning("no answer from the database to %s: %s", what, type(error).__name__)
            raise DatabaseUnavailable from error
        except APIError as error:
            raise _translate(what, error) from error


def _translate(function: str, error: APIError) -> EditAIError:
    """The error of the family that a SQLSTATE, or PostgREST's own code, stands for."""
    code = str(error.code or "")
    logger.warning("the database refused %s with %s", function, code)
    return DatabaseUnavailable() if is_transient(code) else QueryFailed(code)


def is_transient(code: str) -> bool:
    """Tell whether a call may be answered when it is made again, as it is."""
    if len(code) == _STATUS_LENGTH and code.isdecimal():
        status = int(code)
        return status not in _REFUSING_STATUSES or status in _TRANSIENT_STATUSES
    return not code or code in _TRANSIENT_STATES or code.startswith(_TRANSIENT_CLASSES)


class QueryFailed(EditAIError):
    """The database refused a call.

    Callers that expect a SQLSTATE check `sqlstate`. For all others it is an internal error, whose response says nothing
    about the database.
    """

    def __init__(self, sqlstate: str) -> None:
        super().__init__()
        self.sqlstate = sqlstate
