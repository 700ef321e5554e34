"""The interactive documentation needs nothing but the library."""

import re
import subprocess
import sys
from html.parser import HTMLParser
from urllib.parse import urljoin

import httpx
import pytest

from api.settings import get_library_settings
from tests.support.library_client import problem

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self' {origin}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
TYPES = {
    "docs/start.js": "text/javascript; charset=utf-8",
    "docs/swagger-ui-bundle.js": "text/javascript; charset=utf-8",
    "docs/swagger-ui.css": "text/css; charset=utf-8",
    "docs/favicon-32x32.png": "image/png",
}


class References(HTMLParser):
    """What a page loads."""

    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()
        self.inline = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        self.found |= {value for name in ("src", "href") if (value := named.get(name))}
        self.inline |= tag == "style" or (tag == "script" and "src" not in named)


async def test_the_page_loads_from_the_library_alone(http: httpx.AsyncClient) -> None:
    answer = await http.get("docs")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    page = References()
    page.feed(answer.text)
    assert page.found == {*TYPES, "openapi.json"}
    assert not page.inline
    for reference, kind in TYPES.items():
        asset = await http.get(urljoin(str(answer.url), reference))
        assert (asset.status_code, asset.headers["content-type"]) == (200, kind)
        assert asset.content
        assert asset.headers["cache-control"] == "public, max-age=3600"


async def test_the_page_may_do_no_more_than_it_needs(http: httpx.AsyncClient) -> None:
    document = (await http.get("openapi.json")).json()
    headers = (await http.get("docs")).headers
    origin: str = document["servers"][0]["url"]
    assert headers["content-security-policy"] == POLICY.format(origin=origin)
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-content-type-options"] == "nosniff"


async def test_the_page_uses_no_external_validator(http: httpx.AsyncClient) -> None:
    script = (await http.get("docs/start.js")).text
    assert re.search(r"validatorUrl: null", script)
    assert not re.search(r"https?://", script)


@pytest.mark.parametrize(
    "name", ["main.py", "index.html", "..%2fmain.py", "%2e%2e/docs.py", "swagger-ui.css.map"]
)
async def test_nothing_but_the_page_s_assets_is_served(http: httpx.AsyncClient, name: str) -> None:
    problem(await http.get(f"docs/{name}"), 404, "not-found")


def test_documentation_and_examples_are_not_loaded_at_start() -> None:
    lazy = ("fastapi_swagger", "api.openapi.examples", "api.openapi.descriptions")
    code = f"import sys, api.app; print([name for name in {lazy!r} if name in sys.modules])"
    started = subprocess.run(
        [sys.executable, "-c", code],
        check=True,
        capture_output=True,
        text=True,
        env={},
    )
    assert started.stdout.strip() == "[]"


async def test_the_base_url_redirects_to_the_page(http: httpx.AsyncClient) -> None:
    answer = await http.get("http://library/")
    assert answer.status_code == 307
    assert answer.headers["location"] == f"{get_library_settings().public_url}/docs"
