"""The process's one Supabase client, and the only code that calls SQL functions."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Collection, Generator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any, TypeVar

import httpx
from opentelemetry.trace import SpanKind
from postgrest.exceptions import APIError

from shared.answers import Form, NotJson, WrongForm, checked, documented_form
from shared.database.refusals import Refusal, classify
from shared.database.transport import LeanClient, rpc
from shared.errors import DatabaseUnavailable, EditAIError, ServiceUnavailable
from shared.observability.telemetry import span
from shared.settings import get_database_settings
from supabase import AsyncClient, AsyncClientOptions

logger = logging.getLogger(__name__)

Result = TypeVar("Result")

CALL_TIMEOUT_SECONDS = 2.5
"""With this timeout, a request gets its 503 within three seconds if the database cannot be reached."""

CLEANUP_TIMEOUT_SECONDS = 30.0
"""How long cleanup's SQL functions may run. If we stop waiting earlier, requeued jobs have no one to dispatch them."""

MAX_CONNECTIONS = 64

FIRST_PAUSE_SECONDS = 0.05
PAUSE_GROWTH = 3.0
"""Pauses before retries of a refused call. With CALL_TIMEOUT_SECONDS, a call is made five times at most."""

LEVELS = {
    Refusal.NOT_APPLIED: logging.WARNING,
    Refusal.UNKNOWN: logging.WARNING,
    Refusal.UNUSABLE: logging.ERROR,
    Refusal.REJECTED: logging.ERROR,
}
"""Transient refusals are to be expected now and then. The others need someone who acts."""

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
    settings = get_database_settings()
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


async def call(
    function: str,
    form: Form[Result],
    *,
    timeout_seconds: float | None = None,
    repeatable: bool = False,
    expected_refusals: Collection[str] = (),
    **params: Any,
) -> Result:
    """Call `editai_<function>` with its `p_` parameters and return its result, which has this form.

    A refusal that certainly had no effect (see shared.database.refusals) is retried within the timeout, which is
    CALL_TIMEOUT_SECONDS or `timeout_seconds`. If the call is `repeatable`, because it only reads, or because a second
    call has the same effect and result, one with an unknown outcome is retried, too. Raises DatabaseUnavailable if the
    database cannot be reached, refuses for a reason that is not the call's, or responds in another form; QueryFailed if
    it rejects the call. A code among `expected_refusals` is one that the caller handles, and no error in the log.
    """
    limit = CALL_TIMEOUT_SECONDS if timeout_seconds is None else timeout_seconds
    attempt = partial(_call, function, form, params, expected_refusals)
    return await _retrying(attempt, limit, repeatable=repeatable)


async def call_idempotent(function: str, form: Form[Result], **params: Any) -> Result:
    """A repeatable `call` that matters more than time: without a usable response, it gets the timeout once more."""
    attempt, limit = partial(_call, function, form, params, ()), CALL_TIMEOUT_SECONDS
    try:
        return await _retrying(attempt, limit, repeatable=True)
    except DatabaseUnavailable:
        return await _retrying(attempt, limit, repeatable=True)


async def _retrying(
    attempt: Callable[[float], Awaitable[Result]], limit_seconds: float, *, repeatable: bool
) -> Result:
    """Make an attempt, and repeat it after a short pause where that is safe and there is time.

    `attempt` gets the seconds that it may take, of `limit_seconds` in all. Even a long limit leaves repetitions only
    CALL_TIMEOUT_SECONDS: after that the database is away, and the caller should be told.
    """
    # Without tenacity or stamina: a policy for them takes as many lines, and adds 6 or 9 ms to each start.
    now = asyncio.get_running_loop().time
    started_at, pause = now(), FIRST_PAUSE_SECONDS
    deadline = started_at + limit_seconds
    last_start = started_at + min(limit_seconds, CALL_TIMEOUT_SECONDS)
    while True:
        try:
            return await attempt(deadline - now())
        except _Refused as refused:
            safe = refused.refusal is Refusal.NOT_APPLIED or (
                repeatable and refused.refusal is Refusal.UNKNOWN
            )
            if not safe or now() + pause >= last_start:
                raise refused.error() from refused
        await asyncio.sleep(random.uniform(pause / 2, pause))  # noqa: S311 - jitter, not a secret
        pause *= PAUSE_GROWTH


async def _call(
    function: str,
    form: Form[Result],
    params: Mapping[str, Any],
    expected_refusals: Collection[str],
    timeout_seconds: float,
) -> Result:
    client = await get_supabase()
    arguments = {f"p_{name}": value for name, value in params.items()}
    with _refusals(function, expected_refusals):
        return await rpc(
            client, f"editai_{function}", arguments, form, timeout_seconds=timeout_seconds
        )


async def with_deadline(deadline: float, pending_call: Awaitable[Result]) -> Result:
    """The result of a database call; raises DatabaseUnavailable if it is not there by the deadline (loop time)."""
    try:
        async with asyncio.timeout_at(deadline):
            return await pending_call
    except TimeoutError:
        raise DatabaseUnavailable from None


async def read(
    table: str, form: Form[Result], *, order: str = "", **filters: str | Collection[str]
) -> Result:
    """Read the rows of `editai_<table>` whose columns equal a value or one of several, sorted by the column `order`.

    For plain rows only: writes and every rule go through a SQL function. Read few rows, because PostgREST silently
    truncates a result at its row limit. Raises the same errors as `call`.
    """
    return await read_first(table, form, None, order=order, **filters)


async def read_first(
    table: str,
    form: Form[Result],
    number: int | None,
    /,
    *,
    order: str,
    **filters: str | Collection[str],
) -> Result:
    """`read`, but at most `number` rows; `-` before the column `order` begins with the last ones."""
    return await _retrying(
        partial(_read, table, form, filters, order=order, limit=number),
        CALL_TIMEOUT_SECONDS,
        repeatable=True,
    )


async def _read(
    table: str,
    form: Form[Result],
    filters: Mapping[str, str | Collection[str]],
    timeout_seconds: float,
    *,
    order: str,
    limit: int | None,
) -> Result:
    query = (await get_supabase()).table(f"editai_{table}").select("*")
    for column, value in filters.items():
        query = query.eq(column, value) if isinstance(value, str) else query.in_(column, value)
    with _refusals(table):
        async with asyncio.timeout(timeout_seconds):
            if order:
                query = query.order(order.removeprefix("-"), desc=order.startswith("-"))
            if limit is not None:
                query = query.limit(limit)
            with documented_form():
                rows = (await query.execute()).data
        if isinstance(rows, str):  # the client returns a proxy's error page as a value
            raise NotJson
        return checked(rows, form)


@contextmanager
def _refusals(name: str, expected: Collection[str] = ()) -> Generator[None]:
    """Record the call as a span, and raise _Refused for every way in which it may fail."""
    with span(f"SQL {name}", SpanKind.CLIENT, attributes={"db.system.name": "postgresql"}):
        try:
            yield
        except (httpx.HTTPError, TimeoutError, NotJson) as error:
            logger.warning("no response from the database to %s: %s", name, type(error).__name__)
            raise _Refused(Refusal.UNKNOWN) from error
        except WrongForm as error:
            logger.error("the database's response to %s has another form: %s", name, error)  # noqa: TRY400
            raise _Refused(Refusal.UNUSABLE) from error
        except APIError as error:
            code = str(error.code or "")
            refusal = classify(code, str(error.message or ""))
            level = logging.INFO if code in expected else LEVELS[refusal]
            logger.log(level, "the database refused %s with %s (%s)", name, code, refusal.value)
            raise _Refused(refusal, code) from error


class _Refused(Exception):
    """One attempt of a call got no usable response."""

    def __init__(self, refusal: Refusal, code: str = "") -> None:
        super().__init__(code)
        self.refusal, self.code = refusal, code

    def error(self) -> EditAIError:
        """What the caller is told."""
        rejected = self.refusal is Refusal.REJECTED
        return QueryFailed(self.code) if rejected else DatabaseUnavailable(self.code)


class QueryFailed(ServiceUnavailable):
    """The database refused a call.

    Callers that expect a SQLSTATE check `sqlstate`. If none does, this code and the database do not fit each other. The
    log says how; a client is told no more than of an unavailable database.
    """

    slug = DatabaseUnavailable.slug
    title = DatabaseUnavailable.title
    default_detail = DatabaseUnavailable.default_detail

    def __init__(self, sqlstate: str) -> None:
        super().__init__()
        self.sqlstate = sqlstate
