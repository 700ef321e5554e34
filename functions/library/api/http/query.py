"""Refuses query parameters that a route does not know, as unknown members of a body are refused.

Otherwise a misspelled `limit` would be ignored, and its caller would take the first page for the list.
"""

from collections import Counter

from fastapi import Depends, Request, params
from fastapi.dependencies.utils import get_flat_params
from fastapi.routing import APIRoute

from api.http.problems import MAX_LISTED, MAX_LOCATION, invalid_parts


async def _refuse_unknown(request: Request) -> None:
    """Raise InvalidRequest for a parameter that the route does not have, or that is sent twice."""
    if not request.scope["query_string"]:
        return
    known = _known(request.scope["route"])
    advice = f"known are: {', '.join(known)}" if known else "this call has none"
    sent = Counter(name for name, _ in request.query_params.multi_items())
    problems = [
        (f"query.{name}"[:MAX_LOCATION], _problem(is_known=name in known, advice=advice))
        for name, count in sent.items()
        if name not in known or count > 1
    ]
    if problems:
        raise invalid_parts(*problems[:MAX_LISTED])


def _problem(*, is_known: bool, advice: str) -> str:
    return "Send this parameter only once" if is_known else f"Unknown parameter; {advice}"


def _known(route: APIRoute) -> tuple[str, ...]:
    fields = get_flat_params(route.dependant)
    return tuple(
        sorted(field.alias for field in fields if isinstance(field.field_info, params.Query))
    )


KNOWN_QUERY = Depends(_refuse_unknown)
"""For every route of the API."""
