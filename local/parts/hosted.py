"""The gateway's hosted mode: calls of the data API fail as calls of hosted Supabase now and then do.

A share of all calls is refused, or takes effect and loses its response, each in one of the ways that
shared/database/refusals.py calls transient, all as often. Three in four are refused before they reach PostgREST. A call
is chosen by the random id that Caddy gives to each request: by its first digits for whether, by its last for how.

Any refusal of the table, also a final one, is given to each call of a project URL that names it:
`http://127.0.0.1:PORT/refused/PGRST301-401` in place of `http://127.0.0.1:PORT`.
"""

import json
from dataclasses import dataclass

from shared.database.refusals import BY_CODE, BY_STATUS, Refusal

MADE_UP = "X-Hosted-Refusal"
"""A header that tells a made-up refusal from one of Postgres. The functions do not read it."""

_REFUSED_SHARE = 0.75
_DIGITS = 6
_LAST_DIGITS = 3
_CLASS_LENGTH = 2


@dataclass(frozen=True, kw_only=True)
class Response:
    """A refusal as a client sees it: PostgREST's JSON, or a gateway's text that has no code."""

    name: str
    refusal: Refusal
    status: int
    content_type: str
    body: str

    @property
    def directive(self) -> str:
        """It in a Caddyfile."""
        return (
            f"header Content-Type {self.content_type}\nheader {MADE_UP} {self.name}\n"
            f"respond `{self.body}` {self.status}"
        )


def all_responses() -> list[Response]:
    """Every refusal of the table with each of its statuses. A class of SQLSTATEs is shown by its general code."""
    coded = [
        Response(
            name=f"{code}-{status}",
            refusal=row.refusal,
            status=status,
            content_type="application/json",
            body=json.dumps({"code": code, "details": None, "hint": None, "message": row.message}),
        )
        for key, row in BY_CODE.items()
        for code in [f"{key}000" if len(key) == _CLASS_LENGTH else key]
        for status in row.statuses
    ]
    early = Response(
        name="PGRST301-12",
        refusal=Refusal.NOT_APPLIED,
        status=401,
        content_type="application/json",
        body=json.dumps({"code": "PGRST301", "message": "JWTIssuedAtFuture"}),
    )
    plain = [
        Response(
            name=str(status),
            refusal=row.refusal,
            status=status,
            content_type="text/plain",
            body=row.message,
        )
        for status, row in BY_STATUS.items()
    ]
    return [*coded, early, *plain]


def refused_calls(rate: float) -> str:
    """Directives for calls that are refused; empty with a rate of 0."""
    if not rate:
        return ""
    return _chosen(_id_below(rate * _REFUSED_SHARE), Refusal.NOT_APPLIED)


def lost_responses(rate: float) -> str:
    """Directives inside PostgREST's reverse_proxy for calls whose response is lost; empty with a rate of 0."""
    if not rate:
        return ""
    lost = _chosen(_id_below(rate), Refusal.UNKNOWN)
    return f"handle_response {{\n{lost}\ncopy_response\n}}"


def refused_on_demand(rate: float) -> str:
    """Directives of a site for URLs that name a refusal; empty with a rate of 0."""
    if not rate:
        return ""
    return "\n".join(
        f"handle /refused/{response.name}/* {{\n{response.directive}\n}}"
        for response in all_responses()
    )


def _chosen(limit: str, refusal: Refusal) -> str:
    """Directives for the calls whose ids are below the limit: each response for as many of the ids' last digits."""
    responses = [response for response in all_responses() if response.refusal is refusal]
    last = [f"{number:0{_LAST_DIGITS}x}" for number in range(16**_LAST_DIGITS)]
    parts = [f'@chosen_{refusal.value} expression `{{http.request.uuid}} < "{limit}"`']
    parts.append(f"handle @chosen_{refusal.value} {{")
    for number, response in enumerate(responses):
        digits = "|".join(last[number :: len(responses)])
        matcher = f"@{refusal.value}_{number}"
        parts.append(f'{matcher} expression `{{http.request.uuid}}.matches("({digits})$")`')
        parts.append(f"handle {matcher} {{\n{response.directive}\n}}")
    return "\n".join([*parts, "}"])


def _id_below(share: float) -> str:
    """The first digits of the id below which this share of all ids lies."""
    return f"{round(share * 16**_DIGITS):0{_DIGITS}x}"
