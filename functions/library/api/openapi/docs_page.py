"""The interactive documentation: Swagger UI from a package, with nothing from anywhere else.

Nothing of it is read before somebody opens the page.
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
"""Carries each release of Swagger UI as its resources. Only these are used; it is never imported."""

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
    """Whoever opens the bare address finds the page."""
    return RedirectResponse(f"{get_library_settings().public_url}/docs")


@router.get("")
async def read_page() -> FileResponse:
    """The page itself."""
    headers = {"Content-Security-Policy": _policy(), "Referrer-Policy": "no-referrer"}
    return FileResponse(PAGE / "index.html", media_type="text/html", headers=headers)


@router.get("/{name}")
async def read_asset(name: str) -> FileResponse:
    """A script, a style or a picture of the page."""
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
    """What the page may do: load from here, and call the API where it says it is."""
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
