"""The interactive documentation: Swagger UI, served from a Python package without any external resource.

Its files are read only when the page is opened.
"""

from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

from fastapi import APIRouter
from starlette.responses import FileResponse, RedirectResponse

from api.settings import get_library_settings
from shared.errors import NotFound

PAGE = Path(__file__).with_name("page")
PACKAGE = "fastapi_swagger"
"""This package contains a release of Swagger UI as resource files. Only these are used; it is never imported."""

ASSETS = {
    "start.js": "text/javascript",
    "swagger-ui-bundle.js": "text/javascript",
    "swagger-ui.css": "text/css",
    "favicon-32x32.png": "image/png",
}
ASSET_SECONDS = 3600

router = APIRouter(prefix="/docs", include_in_schema=False)
root_redirect = APIRouter(include_in_schema=False)


@root_redirect.get("/")
async def redirect_to_docs() -> RedirectResponse:
    """Redirect the root path to the documentation page."""
    return RedirectResponse(f"{get_library_settings().public_url}/docs")


@router.get("")
async def read_page() -> FileResponse:
    """Serve the HTML page."""
    headers = {"Content-Security-Policy": _policy(), "Referrer-Policy": "no-referrer"}
    return FileResponse(PAGE / "index.html", media_type="text/html", headers=headers)


@router.get("/{name}")
async def read_asset(name: str) -> FileResponse:
    """Serve a script, a stylesheet or an image of the page."""
    if name not in ASSETS:
        raise NotFound
    file = PAGE / name if name == "start.js" else _resources() / name
    headers = {"Cache-Control": f"public, max-age={ASSET_SECONDS}"}
    return FileResponse(file, media_type=ASSETS[name], headers=headers)


@lru_cache(maxsize=1)
def _resources() -> Path:
    spec = find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise RuntimeError(f"the package {PACKAGE} is not installed")
    return Path(spec.origin).with_name("resources")


def _policy() -> str:
    """The Content-Security-Policy: the page may load from its own origin, and call the API at its public URL."""
    api = urlsplit(get_library_settings().public_url)
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self' data:",
            f"connect-src 'self' {api.scheme}://{api.netloc}",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        )
    )
