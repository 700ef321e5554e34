"""A call of a SQL function: what `client.rpc(name, arguments).execute()` sends, for half of what that costs.

Its builder copies the headers three times over and reads the answer through httpx. Every request makes such a call, so
the same bytes go to the same place over the same connections here, and a test holds the one against the other.
Source: https://docs.postgrest.org/en/v12/references/api/functions.html
"""

import json
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, cast

import httpx
from postgrest.exceptions import APIError, APIErrorFromJSON
from pydantic import ValidationError

from shared.database.transport import LeanClient
from supabase import AsyncClient

_CONTENT = {"Content-Type": "application/json"}
_COMPACT = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


async def rpc(
    client: AsyncClient,
    name: str,
    arguments: Mapping[str, Any],
    *,
    within_seconds: float | None = None,
) -> Any:
    """What a SQL function returns, as JSON; None for one that returns nothing.

    The client is one that was given a LeanClient. Raises postgrest's APIError for a refusal, with the answer's status
    as its code where the answer is not PostgREST's, and httpx.HTTPError when no answer comes.
    """
    http = cast("LeanClient", client.postgrest.session)
    status, body = await http.post_raw(
        f"{client.rest_url}/rpc/{name}",
        # By items(): a lookup of one of httpx's headers searches them all.
        headers=dict(client.postgrest.headers.items()) | _CONTENT,
        content=_COMPACT.encode(arguments).encode(),
        within_seconds=within_seconds,
    )
    if httpx.codes.is_success(status):
        with suppress(ValueError):
            return json.loads(body) if body else None
    raise _refusal(status, body)


def _refusal(status: int, body: bytes) -> APIError:
    try:
        return APIError(dict(APIErrorFromJSON.model_validate_json(body)))
    except ValidationError:
        return APIError({"message": "not an answer of PostgREST", "code": str(status)})
