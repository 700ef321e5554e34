"""docs/api.md lists every call of the API and every code of a failed job, and no other."""

import re
from typing import get_args

from api.app import BASE_PATH, create_app
from shared.media.containers import CONTAINERS
from shared.media.facts import RefusalCode, TrackCode
from shared.storage.paths import BUCKET_TYPES
from tests.tools.docs import pages

SCHEMAS = pages.ROOT / "supabase" / "schemas"
CODE = re.compile(r"'code', '([a-z_]+)'")


def test_the_table_is_complete() -> None:
    section = pages.page("docs/api.md").partition("## All calls")[2]
    table = re.findall(r"`((?:GET|POST|PUT|PATCH|DELETE) /[^`]*)`", section)
    assert sorted(table) == sorted(_operations())


def test_every_code_of_a_failed_job_is_explained() -> None:
    section = pages.page("docs/api.md").partition("## When a job fails")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (`[^|]*`) \|", section, re.MULTILINE)
    explained = {code for row in rows for code in re.findall(r"`([a-z_]+)`", row)}
    in_sql = {code for path in SCHEMAS.rglob("*.sql") for code in CODE.findall(path.read_text())}
    assert explained == {
        *get_args(RefusalCode),
        *get_args(TrackCode),
        "encoding_failed",
        "storage_refused",
        *in_sql,
    }


def test_the_table_of_containers_is_that_of_the_code() -> None:
    section = pages.page("docs/api.md").partition("## Which videos")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| ([A-Z][^|]*) \| (`[^|]*`) \|", section, re.MULTILINE)
    assert rows == [
        (", ".join(each.titles), " ".join(f"`{extension}`" for extension in each.content_types))
        for each in CONTAINERS.values()
    ]
    for accepted in BUCKET_TYPES:
        assert f"`{accepted}`" in pages.page("docs/api.md")


def _operations() -> list[str]:
    """The calls of the OpenAPI document; signed file URLs are taken as they are given, not called by hand."""
    return [
        f"{method.upper()} {re.sub(r'{[^}]*}', '{id}', path.removeprefix(BASE_PATH))}"
        for path, operations in create_app().openapi()["paths"].items()
        if not path.startswith(f"{BASE_PATH}/files/")
        for method in operations
    ]
