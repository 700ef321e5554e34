"""The library's application and its document; and the fixtures of the library's own tests."""

from typing import Any

import pytest
from fastapi import FastAPI

from api.app import create_app
from tests.api.conftest import api, application, http

__all__ = ["api", "application", "http"]


@pytest.fixture(scope="session")
def app() -> FastAPI:
    """The library's application."""
    return create_app()


@pytest.fixture(scope="session")
def document(app: FastAPI) -> dict[str, Any]:
    """Its OpenAPI document."""
    return app.openapi()
