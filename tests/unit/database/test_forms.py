"""Every call of the database names the form of its result. The type checker misses it, as parameters follow."""

import ast
from collections.abc import Iterator

from local.programs import CHECKOUT

CALLS = ("call", "read", "call_idempotent")


def calls() -> Iterator[tuple[str, ast.Call]]:
    """The calls of the functions and of what they share."""
    files = [*(CHECKOUT / "functions").rglob("*.py"), *(CHECKOUT / "shared" / "jobs").glob("*.py")]
    for file in files:
        text = file.read_text()
        if "from shared.database.client import" not in text:
            continue
        for node in ast.walk(ast.parse(text)):
            match node:
                case ast.Call(func=ast.Name(id=name)) if name in CALLS:
                    yield f"{file.name}:{node.lineno}", node
                case _:
                    pass


def test_every_call_names_the_form_of_its_result() -> None:
    found = dict(calls())
    assert len(found) > 30
    assert [place for place, node in found.items() if len(node.args) < 2] == []
