"""Makes the document fit for the generators of clients, without changing what it describes.

- Schemas get the names that their types should have in a client: `Clip` and `ClipPage`, not `ClipResponse` and
  `Page_ClipResponse_`. A generator adds `Response` itself, to the names of operations.
- The titles of members are dropped: they only repeat the name, and generators name types after them. So is `readOnly`,
  for which generators make a second type of each response, to send it.
- A parameter is one string or number. FastAPI describes an optional one as "this or null", and a header that may be
  sent twice as an array; a header can be neither.
- A response has one form. Beside JSON, a stream of events would make the type of every answer "this or a string"; its
  example is in the operation's description.
- The default of a member of a request is told in its description. A member with `default` would count as always
  present (openapi-typescript), and a client would have to send it.
"""

import re
from collections.abc import Iterator
from typing import Any, cast

from api.openapi.problem_schemas import REFERENCE

EVENTS = "text/event-stream"
PREFIX = REFERENCE.format(model="")


def fit_for_clients(document: dict[str, Any]) -> None:
    """Change a complete document in place."""
    _rename_schemas(document)
    for operation in operations(document):
        for parameter in operation.get("parameters", ()):
            parameter["schema"] = _single(
                parameter["schema"], in_header=parameter["in"] == "header"
            )
        for response in operation["responses"].values():
            if events := response.get("content", {}).pop(EVENTS, None):
                description = operation.get("description", "")  # none under python -OO
                example = f"```text\n{events['example']}```"
                operation["description"] = f"{description}\n\n{example}".lstrip()
    schemas = document["components"]["schemas"]
    for name, schema in schemas.items():
        _drop_titles(schema)
        schema["title"] = name
    for name in _of_requests(document):
        for member in schemas[name].get("properties", {}).values():
            _describe_default(member)


def operations(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every operation of a document."""
    for path in (*document["paths"].values(), *document.get("webhooks", {}).values()):
        yield from path.values()


def references(part: Any) -> Iterator[str]:
    """The names of the schemas that a part of the document refers to."""
    if isinstance(part, dict):
        members = cast("dict[str, Any]", part)
        if isinstance(reference := members.get("$ref"), str):
            yield reference.removeprefix(PREFIX)
        part = list(members.values())
    if isinstance(part, list):
        for child in cast("list[Any]", part):
            yield from references(child)


def _rename_schemas(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    names = {name: _client_name(name) for name in schemas}
    document["components"]["schemas"] = {names[name]: schema for name, schema in schemas.items()}
    _rename_references(document, names)


def _client_name(name: str) -> str:
    page = re.fullmatch(r"Page_(\w+)Response_", name)
    return f"{page[1]}Page" if page else name.removesuffix("Response")


def _rename_references(part: Any, names: dict[str, str]) -> None:
    if isinstance(part, dict):
        members = cast("dict[str, Any]", part)
        name = str(members.get("$ref", "")).removeprefix(PREFIX)
        if name in names:
            members["$ref"] = PREFIX + names[name]
        part = list(members.values())
    if isinstance(part, list):
        for child in cast("list[Any]", part):
            _rename_references(child, names)


def _single(schema: dict[str, Any], *, in_header: bool) -> dict[str, Any]:
    """The schema of a parameter that is sent: never null, and in a header never an array."""
    sent = {name: value for name, value in schema.items() if name not in ("anyOf", "title")}
    for kind in schema.get("anyOf", ()):
        sent |= {} if kind == {"type": "null"} else kind
    if in_header and sent.get("type") == "array":
        item: dict[str, Any] = sent.pop("items")
        sent |= item
    return sent


def _drop_titles(schema: dict[str, Any]) -> None:
    for member in schema.get("properties", {}).values():
        for name in ("title", "readOnly"):
            member.pop(name, None)
        _drop_titles(member)


def _of_requests(document: dict[str, Any]) -> set[str]:
    """The names of the schemas that the bodies of requests consist of."""
    found: set[str] = set()
    bodies = [operation.get("requestBody", {}) for operation in operations(document)]
    waiting = list(references(bodies))
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting.extend(references(document["components"]["schemas"][name]))
    return found


def _describe_default(member: dict[str, Any]) -> None:
    default = member.pop("default", None)
    if default is None or isinstance(default, dict):
        return
    told = f"Default: `{str(default).lower() if isinstance(default, bool) else default}`."
    member["description"] = f"{member.get('description', '')} {told}".strip()
