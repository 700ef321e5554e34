"""The process's one Supabase client, and the only code that calls SQL functions."""

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

Result = TypeVar("Result")

CALL_TIMEOUT_SECONDS = 2.5
"""With this timeout, a request gets its 503 within three seconds if the database cannot be reached."""

CLEANUP_TIMEOUT_SECONDS = 30.0
"""How long cleanup's SQL functions may run. If we stop waiting earlier, requeued jobs have no one to dispatch them."""

MAX_CONNECTIONS = 64

# https://www.postgresql.org/docs/current/errcodes-appendix.html and https://docs.postgrest.org/en/v12/references/errors.html
_TRANSIENT_CLASSES = ("08", "53", "57", "58", "PGRST0")
# XX000 is "cache lookup failed for function": a migration dropped and created the function while this call was running.
# Postgres has rolled the call back, and the next call runs the new function.
_TRANSIENT_STATES = ("40P01", "55P03", "25006", "XX000")

# The code is an HTTP status if the response is not PostgREST's: a proxy in between could not reach PostgREST, or timed
# out. Then we cannot know whether the call took effect. The same is true of a success whose body does not arrive.
_STATUS_LENGTH = 3
_PERMANENT_STATUSES = range(300, 500)
_TRANSIENT_STATUSES = (408, 425, 429)

_client: AsyncClient | None = None
_client_loop: asyncio.AbstractEventLoop | None = None


async def get_supabase() -> AsyncClient:
    """The process's Supabase client, created on first use; its connections belong to the running event loop."""
    global _client, _client_loop
    loop = asyncio.get_running_loop()
    if _client is None or _client_loop is not loop:
        _client, _client_loop = _create_client(), loop
    return _client


async def close_supabase() -> None:
    """Close the connections of this process's client; the next use creates a new one."""
    global _client
    client, _client = _client, None
    if client and client.options.httpx_client:
        await client.options.httpx_client.aclose()


def _create_client() -> AsyncClient:
    """A client with little overhead and no retries of its own.

    Callers retry, because they know whether a second call is safe and how long their own caller waits.
    """
    settings = get_settings()
    return AsyncClient(
        settings.supabase_url,
        settings.supabase_service_role_key.get_secret_value(),
        AsyncClientOptions(
            auto_refresh_token=False,
            persist_session=False,
            postgrest_client_retry=False,
            httpx_client=LeanClient(
                timeout_seconds=CALL_TIMEOUT_SECONDS, max_connections=MAX_CONNECTIONS
            ),
        ),
    )


async def call(function: str, *, timeout_seconds: float | None = None, **params: Any) -> Any:
    """Call `editai_<function>` with its `p_` parameters and return its result, as JSON.

    The timeout is CALL_TIMEOUT_SECONDS, or `timeout_seconds`. Raises DatabaseUnavailable if the database cannot be
    reached or fails for a transient reason, QueryFailed if it rejects the call.
    """
    client = await get_supabase()
    arguments = {f"p_{name}": value for name, value in params.items()}
    with _translating_errors(function):
        return await rpc(client, f"editai_{function}", arguments, timeout_seconds=timeout_seconds)


async def call_idempotent(function: str, **params: Any) -> Any:
    """`call`, retried once after DatabaseUnavailable: for functions that are safe to repeat with the same arguments.

    Each attempt has the full timeout. A timed-out call is retried, too.
    """
    # Without tenacity or stamina: a policy for them takes as many lines, and adds 6 or 9 ms to each start.
    try:
        return await call(function, **params)
    except DatabaseUnavailable:
        return await call(function, **params)


async def with_deadline(deadline: float, pending_call: Awaitable[Result]) -> Result:
    """The result of a database call; raises DatabaseUnavailable if it is not there by the deadline (loop time)."""
    try:
        async with asyncio.timeout_at(deadline):
            return await pending_call
    except TimeoutError:
        raise DatabaseUnavailable from None


async def read(
    table: str, *, order: str = "", **filters: str | Collection[str]
) -> list[dict[str, Any]]:
    """Read the rows of `editai_<table>` whose columns equal a value or one of several, sorted by the column `order`.

    For plain rows only: writes and every rule go through a SQL function. Read few rows, because PostgREST silently
    truncates a result at its row limit. Raises the same errors as `call`.
    """
    query = (await get_supabase()).table(f"editai_{table}").select("*")
    for column, value in filters.items():
        query = query.eq(column, value) if isinstance(value, str) else query.in_(column, value)
    with _translating_errors(table):
        rows = cast("Any", (await (query.order(order) if order else query).execute()).data)
    if not isinstance(rows, list):  # the client returns a proxy's error page as a value
        raise DatabaseUnavailable
    return cast("list[dict[str, Any]]", rows)


@contextmanager
def _translating_errors(name: str) -> Generator[None]:
    with span(f"SQL {name}", SpanKind.CLIENT, attributes={"db.system.name": "postgresql"}):
        try:
            yield
        except httpx.HTTPError as error:
            logger.warning("no response from the database to %s: %s", name, type(error).__name__)
            raise DatabaseUnavailable from error
        except APIError as error:
            raise _translate(name, error) from error


def _translate(name: str, error: APIError) -> EditAIError:
    """Our error for a SQLSTATE or for one of PostgREST's own codes."""
    code = str(error.code or "")
    logger.warning("the database refused %s with %s", name, code)
    return DatabaseUnavailable() if is_transient(code) else QueryFailed(code)


def is_transient(code: str) -> bool:
    """Tell whether the same call may succeed when it is retried."""
    if len(code) == _STATUS_LENGTH and code.isdecimal():
        status = int(code)
        return status not in _PERMANENT_STATUSES or status in _TRANSIENT_STATUSES
    return not code or code in _TRANSIENT_STATES or code.startswith(_TRANSIENT_CLASSES)


class QueryFailed(EditAIError):
    """The database refused a call.

    Callers that expect a SQLSTATE check `sqlstate`. If none does, it is an internal error whose response says nothing
    about the database.
    """

    def __init__(self, sqlstate: str) -> None:
        super().__init__()
        self.sqlstate = sqlstate
