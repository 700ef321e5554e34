"""What a peer may respond in place of what it documents."""

from collections.abc import Iterator
from typing import Any

WRONG: tuple[Any, ...] = (None, "x", 7, [7], {"a": 1})
NOT_JSON: tuple[bytes, ...] = (
    b"<html>Bad gateway</html>",
    b"",
    b"\xff",
    b'[{"id": ',
    b"[" * 200_000,
    b'{"a":' * 100_000,
)


def others(value: Any, wrong: tuple[Any, ...] = WRONG) -> Iterator[Any]:
    """Other values in the place of this one: of another type, and the same with a member left out or replaced."""
    yield from (each for each in wrong if type(each) is not type(value))
    match value:
        case [first, *_]:
            yield from ([each] for each in others(first, wrong))
        case {**members}:
            for name, member in members.items():
                yield {other: members[other] for other in members if other != name}
                yield from (members | {name: each} for each in others(member, (None, "x")))
        case _:
            pass
