"""docs/api.md lists every call of the API, and no other."""

import re

from api.app import BASE_PATH, create_app
from tests.tools.docs import pages


def test_the_table_is_complete() -> None:
    table = re.findall(r"`((?:GET|POST|PUT|PATCH|DELETE) /[^`]*)`", pages.page("docs/api.md"))
    assert sorted(table) == sorted(_operations())


def _operations() -> list[str]:
    """The calls of the OpenAPI document; signed file URLs are taken as they are given, not called by hand."""
    return [
        f"{method.upper()} {re.sub(r'{[^}]*}', '{id}', path.removeprefix(BASE_PATH))}"
        for path, operations in create_app().openapi()["paths"].items()
        if not path.startswith(f"{BASE_PATH}/files/")
        for method in operations
    ]
